package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.model.shape.NodeHost;
import dev.flopmeter.run.UnsupportedOperatorException;
import dev.flopmeter.run.cudnn.plan.Buffer;
import dev.flopmeter.run.cudnn.plan.DevicePlan;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Work;
import dev.flopmeter.run.fuse.Fused;
import dev.flopmeter.run.fuse.Fused.Chain;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongToDoubleFunction;
import java.util.stream.LongStream;

/**
 * Nodes being planned as one step by the equations of {@code plans.txt}: its operands' places, and
 * the step that comes of it.
 *
 * @param chain what is fused to the main node: nothing where that stands alone or is part of an
 *     attention
 * @param in of the main node
 * @param outputs their places so far
 * @param works what the step does, so far
 */
record NodePlan(
    PlanBuilder builder,
    Fused fused,
    Chain chain,
    Operands in,
    List<TensorView> outputs,
    List<Work> works)
    implements NodeHost {
  NodePlan(PlanBuilder builder, Fused fused) {
    this(
        builder,
        fused,
        fused instanceof Chain chain ? chain : Chain.of(fused.main()),
        Operands.of(builder.graph(), fused.main()),
        new ArrayList<>(),
        new ArrayList<>());
  }

  /** As a product of 8-bit values, if that is what is fused here. */
  Optional<QuantizedProduct> quantized() {
    return chain.isQuantised() ? builder.quantized().product(node()) : Optional.empty();
  }

  boolean isRectified() {
    return chain.activation() != null;
  }

  Node node() {
    return fused.main();
  }

  /** A value in the form in which it lies if that is contiguous in some order, otherwise packed. */
  TensorView contiguous(String value) {
    TensorView x = builder.value(value);
    return x.is(MemoryLayout.PLAIN) || x.is(MemoryLayout.CHANNELS_LAST)
        ? x
        : builder.formatted(value, MemoryLayout.PLAIN);
  }

  /** The names of the outputs that are asked for, the fused result for the first. */
  private String outputName(int index) {
    return index == 0 ? fused.last().outputs().get(0) : node().outputs().get(index);
  }

  Shape outputShape(int index) {
    return builder.graph().requireType(outputName(index)).shape();
  }

  /** A new place for an output. */
  TensorView out(int index, MemoryLayout format) {
    TensorView view = builder.create(outputName(index), format);
    outputs.add(view);
    return view;
  }

  /** A place for an output packed as {@code like} is, where that has its shape. */
  TensorView outLike(int index, TensorView like) {
    return out(index, like.shape().equals(outputShape(index)) ? like.layout() : MemoryLayout.PLAIN);
  }

  void alias(int output, TensorView view) {
    builder.alias(outputName(output), view);
  }

  TensorView scratch(String what, Shape shape, ElementType storage, MemoryLayout format) {
    return builder.scratch(node().name() + ":" + what, shape, storage, format);
  }

  /** A row of {@code count} constants that belongs to this node alone. */
  TensorView constant(String what, long count, ElementType storage, LongToDoubleFunction value) {
    return constant(
        what,
        Shape.of(count),
        storage,
        out -> LongStream.range(0, count).mapToDouble(value).forEach(out));
  }

  /** A constant that belongs to this node alone. */
  TensorView constant(String what, Shape shape, ElementType storage, Buffer.Content content) {
    return builder.constant(node().name() + ":" + what, shape, storage, content);
  }

  /** Adds what the step does, in this order. */
  void launch(List<? extends Work> added) {
    works.addAll(added);
  }

  /** Adds what equations return for these terms. */
  void launch(Definition equations, List<?> terms) {
    equations.of(this, terms).forEach(work -> works.add((Work) work));
  }

  /** The finished step; none if all outputs are views of something else, or already filled. */
  void emit() {
    if (!works.isEmpty() || outputs.stream().anyMatch(output -> output.elements() == 0)) {
      List<String> names = fused.nodes().stream().map(Node::name).toList();
      builder.emit(node().name(), fused.op(), names, outputs, works);
    }
  }

  /** A step that serves no node of the model: what we must add to run one. */
  void emitAdded(String what, List<Work> added) {
    builder.emit(node().name() + ":" + what, what, List.of(), List.of(), added);
  }

  @Override
  public Shape shape(Object term) {
    return term instanceof TensorView view ? view.shape() : NodeHost.super.shape(term);
  }

  @Override
  public UnsupportedOperatorException refusal(String message) {
    return new UnsupportedOperatorException(
        DevicePlan.BACKEND, node().qualifiedOp(), "node '" + node().name() + "': " + message);
  }
}
