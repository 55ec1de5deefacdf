package dev.flopmeter.count;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The data-dependent facts of one run of a graph.
 *
 * @param types of values whose type is not known before a run, by value name
 * @param lengths integers that the work of an operator follows from ({@link
 *     OperatorTrait#COUNTED_BY_LENGTHS}), by value name
 * @param bodies how often which body of each control-flow node ran, by node name; empty for a node
 *     that ran none
 */
public record RunFacts(
    Map<String, TensorType> types,
    Map<String, Tensor> lengths,
    Map<String, Map<BodyRun, Long>> bodies) {
  public RunFacts {
    types = Map.copyOf(types);
    lengths = Map.copyOf(lengths);
    bodies = Map.copyOf(bodies);
  }

  /**
   * One run of a body.
   *
   * @param attribute of the node, which holds the body
   */
  public record BodyRun(String attribute, RunFacts facts) {}

  /** Whether a run of {@code graph} may show more than is known beforehand. */
  public static boolean mayAddTo(Graph graph) {
    return graph.nodes().stream().anyMatch(node -> isOpen(node, graph));
  }

  private static boolean isOpen(Node node, Graph graph) {
    return OperatorTrait.CONTROL_FLOW.of(node)
        || lengths(Operands.of(graph, node)).findAny().isPresent()
        || node.outputs().stream()
            .anyMatch(value -> !value.isEmpty() && !graph.types().containsKey(value));
  }

  /**
   * The names of integers that are not known before a run and that the node's work follows from.
   */
  public static Stream<String> lengths(Operands in) {
    return OperatorTrait.COUNTED_BY_LENGTHS.of(in.node())
        ? IntStream.range(0, in.inputCount())
            .filter(i -> !in.isConstant(i))
            .filter(i -> in.knownType(i).filter(type -> type.type().isInteger()).isPresent())
            .mapToObj(in.node().inputs()::get)
        : Stream.empty();
  }

  /** {@code graph} with the types and lengths of the run. */
  public Graph in(Graph graph) {
    return graph.withKnown(types, lengths);
  }
}
