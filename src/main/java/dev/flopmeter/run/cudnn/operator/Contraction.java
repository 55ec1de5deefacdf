package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Shape;
import dev.flopmeter.model.equation.Terms;
import dev.flopmeter.model.shape.EinsumEquation;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.ProductWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * {@code Einsum}: its operands are joined from left to right by batched products. What is summed
 * within one operand is summed before, and a diagonal is a view with the strides of both axes.
 */
record Contraction(NodePlan node, EinsumEquation equation) {
  /** A value, and the index of each of its axes. */
  private record Term(TensorView view, List<String> indices) {}

  static void plan(NodePlan node) {
    new Contraction(node, EinsumEquation.of(node.in())).plan();
  }

  private void plan() {
    List<Term> terms = new ArrayList<>();
    for (int i = 0; i < equation.operands().size(); i++) {
      TensorView operand = node.builder().value(node.node().inputs().get(i));
      terms.add(diagonal(operand, equation.operands().get(i)));
    }
    TensorView y = node.out(0, MemoryLayout.PLAIN);
    Term joined = terms.get(0);
    for (int i = 1; i < terms.size(); i++) {
      Set<String> kept = new HashSet<>(equation.output());
      terms.subList(i + 1, terms.size()).forEach(later -> kept.addAll(later.indices()));
      joined = product(joined, terms.get(i), kept);
    }
    Term summed = summed(joined, Set.copyOf(equation.output()));
    node.launch(List.of(CopyKernels.copy(ordered(summed, equation.output()), y)));
  }

  /** One axis for each index, repeated where the operand has only one element of it. */
  private Term diagonal(TensorView operand, List<String> indices) {
    List<String> distinct = indices.stream().distinct().toList();
    long[] dims = new long[distinct.size()];
    long[] strides = new long[dims.length];
    for (int axis = 0; axis < indices.size(); axis++) {
      int place = distinct.indexOf(indices.get(axis));
      dims[place] = size(indices.get(axis));
      strides[place] += operand.dim(axis) == 1 ? 0 : operand.stride(axis);
    }
    return new Term(operand.as(Shape.of(dims), strides), distinct);
  }

  private long size(String index) {
    return equation.sizes().getOrDefault(index, 1L);
  }

  private Term product(Term a, Term b, Set<String> kept) {
    Term left = summed(a, either(kept, b.indices()));
    Term right = summed(b, either(kept, a.indices()));
    List<String> rows = new ArrayList<>(left.indices());
    rows.removeAll(right.indices());
    List<String> columns = new ArrayList<>(right.indices());
    columns.removeAll(left.indices());
    List<String> batch = new ArrayList<>(left.indices());
    batch.retainAll(right.indices());
    List<String> shared = new ArrayList<>(batch);
    batch.retainAll(kept);
    shared.removeAll(kept);
    List<String> result = joined(batch, rows, columns);
    TensorView y = scratch(result);
    TensorView matrices = y.reshaped(Shape.of(size(batch), size(rows), size(columns)));
    TensorView lefts =
        packed(left, joined(batch, rows, shared))
            .reshaped(Shape.of(size(batch), size(rows), size(shared)));
    TensorView rights =
        packed(right, joined(batch, shared, columns))
            .reshaped(Shape.of(size(batch), size(shared), size(columns)));
    node.launch(List.of(new ProductWork(lefts, rights, matrices, 1)));
    return new Term(y, result);
  }

  private static Set<String> either(Set<String> kept, List<String> others) {
    return Stream.concat(kept.stream(), others.stream()).collect(Collectors.toSet());
  }

  private static List<String> joined(List<String> a, List<String> b, List<String> c) {
    return Stream.of(a, b, c).flatMap(List::stream).toList();
  }

  private long size(List<String> indices) {
    return indices.stream().mapToLong(this::size).reduce(1, Math::multiplyExact);
  }

  private TensorView scratch(List<String> indices) {
    long[] dims = indices.stream().mapToLong(this::size).toArray();
    ElementType storage = node.builder().value(node.node().inputs().get(0)).storage();
    return node.scratch(String.join("", indices), Shape.of(dims), storage, MemoryLayout.PLAIN);
  }

  private static TensorView ordered(Term term, List<String> indices) {
    return term.view().permuted(indices.stream().mapToInt(term.indices()::indexOf).toArray());
  }

  private TensorView packed(Term term, List<String> indices) {
    TensorView turned = ordered(term, indices);
    if (turned.is(MemoryLayout.PLAIN)) {
      return turned;
    }
    TensorView copy = scratch(indices);
    node.launch(List.of(CopyKernels.copy(turned, copy)));
    return copy;
  }

  /** The sum over all indices but those that are kept. */
  private Term summed(Term term, Set<String> kept) {
    long[] axes =
        IntStream.range(0, term.indices().size())
            .filter(axis -> !kept.contains(term.indices().get(axis)))
            .asLongStream()
            .toArray();
    if (axes.length == 0) {
      return term;
    }
    List<String> rest = new ArrayList<>(term.indices());
    rest.retainAll(kept);
    TensorView sums = scratch(rest);
    node.launch(
        Operators.find("reduced_rows").orElseThrow(),
        List.of(term.view(), Terms.list(axes), 0L, sums));
    return new Term(sums, rest);
  }
}
