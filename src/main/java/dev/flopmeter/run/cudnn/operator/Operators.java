package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.decompose.Decompositions;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** The registry of operators that this backend runs, by qualified name. */
public final class Operators {
  /** Plans one node: its steps, and where its results lie. */
  @FunctionalInterface
  interface Operator {
    void plan(NodePlan node);
  }

  private static final Map<String, Operator> ALL = all();

  private Operators() {}

  /** Those whose kernels compute in doubles, too, or move elements of any type. */
  private static final Set<String> IN_DOUBLE =
      Set.of(
          ("Abs Add BitCast Cast Ceil Concat Div Equal Expand Flatten Floor Gather Greater"
                  + " GreaterOrEqual Identity IsNaN Less LessOrEqual Max Min Mul Neg PRelu Reciprocal"
                  + " Relu Reshape Round Sign Slice Split Squeeze Sub Sum Tile Transpose Unsqueeze"
                  + " Where")
              .split(" "));

  /** Whether all operators that read or write doubles compute in them. */
  static boolean computeInDouble(Graph graph) {
    return graph.nodes().stream()
        .filter(node -> touchesDoubles(graph, node))
        .allMatch(node -> IN_DOUBLE.contains(node.qualifiedOp()));
  }

  private static boolean touchesDoubles(Graph graph, Node node) {
    return Stream.concat(node.inputs().stream(), node.outputs().stream())
        .map(graph.types()::get)
        .anyMatch(type -> type != null && type.type() == DataType.DOUBLE);
  }

  static Optional<Operator> find(String qualifiedOp) {
    return Optional.ofNullable(ALL.get(qualifiedOp));
  }

  /** Whether a node is planned by its own operator, not as those that it is made up of. */
  public static boolean keeps(Node node) {
    return ALL.containsKey(node.qualifiedOp()) && !Decompositions.isAlways(node);
  }

  public static Set<String> names() {
    return ALL.keySet();
  }

  private static Map<String, Operator> all() {
    Map<String, Operator> operators = new HashMap<>();
    Contraction.addTo(operators);
    Convolutions.addTo(operators);
    Pointwise.addTo(operators);
    Products.addTo(operators);
    DataMovement.addTo(operators);
    Reductions.addTo(operators);
    IntegerSums.addTo(operators);
    PlanEquations.addTo(operators);
    return Collections.unmodifiableMap(operators);
  }
}
