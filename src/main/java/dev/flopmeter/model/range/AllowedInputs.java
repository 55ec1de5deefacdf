package dev.flopmeter.model.range;

import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphScope;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.range.Allowed.Exactly;
import dev.flopmeter.model.range.Allowed.Range;
import java.util.HashMap;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * The elements that the inputs of a graph may have, traced backwards from the operators that read
 * indices, through copies and arithmetic with constants, into and out of bodies.
 */
public final class AllowedInputs {
  private final GraphScope scope;
  private final Map<String, Allowed> allowed = new HashMap<>();

  private AllowedInputs(GraphScope scope) {
    this.scope = scope;
  }

  /** By name, the inputs of {@code graph} that some operator restricts. */
  public static Map<String, Allowed> of(Graph graph) {
    AllowedInputs all = new AllowedInputs(GraphScope.of(graph));
    all.visitNodes();
    all.allowed.keySet().retainAll(Set.copyOf(graph.inputs()));
    return Map.copyOf(all.allowed);
  }

  private void visitNodes() {
    List<Node> nodes = scope.graph().nodes();
    for (int i = nodes.size() - 1; i >= 0; i--) {
      Node node = nodes.get(i);
      Operands in = scope.operands(node);
      for (IndexInputs.IndexInput index : IndexInputs.of(node.qualifiedOp())) {
        if (node.hasInput(index.input())) {
          restrict(node.inputs().get(index.input()), index, in);
        }
      }
      for (String output : node.outputs()) {
        Allowed wanted = allowed.get(output);
        if (wanted != null) {
          pass(in, wanted);
        }
      }
      node.attributes().bodies().forEach(body -> visitBody(node, body));
    }
  }

  private void restrict(String value, IndexInputs.IndexInput index, Operands in) {
    try {
      restrict(value, index.allowed(in));
    } catch (DataDependentException e) {
      // The restriction depends on shapes that are only known at run time.
    }
  }

  private void restrict(String value, Allowed next) {
    allowed.merge(
        value,
        next,
        (before, more) ->
            before instanceof Range range && more instanceof Range other
                ? range.and(other)
                : before instanceof Exactly ? before : more);
  }

  /** Restricts the inputs of {@code in}'s node so that its output is in the allowed range. */
  private void pass(Operands in, Allowed wanted) {
    Node node = in.node();
    String op = node.qualifiedOp();
    if (OperatorTrait.SAME_ORDER.of(node)) {
      restrict(node.inputs().get(0), wanted);
    } else if (wanted instanceof Range range) {
      if (OperatorTrait.FROM_FIRST.of(node)) {
        restrict(node.inputs().get(0), range);
      } else if (OperatorTrait.FROM_ANY.of(node)) {
        node.inputs().stream().skip(op.equals("Where") ? 1 : 0).forEach(v -> restrict(v, range));
      } else if (node.inputs().size() == 2) {
        passArithmetic(in, range);
      }
    }
  }

  private void passArithmetic(Operands in, Range wanted) {
    boolean isSum = OperatorTrait.ADDITION.of(in.node());
    Range second = known(in, 1);
    Range other = second != null ? second : known(in, 0);
    if (other == null) {
      if (isSum) { // Each of two unknown addends gets half of the range.
        Range half = new Range(wanted.low() - wanted.low() / 2, wanted.high() / 2);
        in.node().inputs().forEach(value -> restrict(value, half));
      }
      return;
    }
    Range unknown =
        switch (in.node().qualifiedOp()) {
          case "Sub" ->
              second != null
                  ? new Range(wanted.low() + other.high(), wanted.high() + other.low())
                  : new Range(other.high() - wanted.high(), other.low() - wanted.low());
          case "Mul" ->
              other.low() <= 0
                  ? null
                  : new Range(
                      -Math.floorDiv(-wanted.low(), other.low()),
                      Math.floorDiv(wanted.high(), other.high()));
          case "Div" ->
              second == null || second.low() <= 0
                  ? null
                  : new Range(
                      wanted.low() * second.high(),
                      wanted.high() * second.low() + second.low() - 1);
          default ->
              isSum
                  ? new Range(wanted.low() - other.low(), wanted.high() - other.high())
                  : null; // other operators are not traced
        };
    if (unknown != null) {
      restrict(in.node().inputs().get(second != null ? 0 : 1), unknown);
    }
  }

  /** The smallest and largest element of a constant; null for a value that is not constant. */
  private static @Nullable Range known(Operands in, int input) {
    Tensor value = in.value(input).filter(tensor -> tensor.elements() > 0).orElse(null);
    if (value == null) {
      return null;
    }
    LongSummaryStatistics all =
        LongStream.range(0, value.elements()).map(value::longAt).summaryStatistics();
    return new Range(all.getMin(), all.getMax());
  }

  private void visitBody(Node node, Graph body) {
    AllowedInputs inner = new AllowedInputs(scope.inside(node, body));
    // The first result of a Loop's body is its condition, which the node does not return.
    int skipped = node.op().equals("Loop") ? 1 : 0;
    for (int i = 0; i < node.outputs().size() && i + skipped < body.outputs().size(); i++) {
      if (allowed.get(node.outputs().get(i)) instanceof Range range) {
        inner.restrict(body.outputs().get(i + skipped), range);
      }
    }
    inner.visitNodes();
    inner.allowed.forEach(
        (value, range) -> {
          int input = body.inputs().indexOf(value);
          if (input >= 0) {
            // A Loop's first input is the number of trips, its body's the number of this trip.
            boolean isElsewhere = node.op().equals("Scan") && node.opset() < 9;
            if (input >= 2 * skipped && !isElsewhere && node.hasInput(input)) {
              restrict(node.inputs().get(input), range);
            }
          } else if (!inner.scope.isOwn(value)) {
            restrict(value, range);
          }
        });
  }
}
