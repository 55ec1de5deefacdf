package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.decompose.Decompositions;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.text.Csv;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The operators that this backend runs, by qualified name, and the equations that plan them. */
public final class Operators {
  private static final Map<String, Definition> ALL =
      Definition.read(Operators.class, PlanFunctions.DIALECT);

  private static final Set<String> NAMES =
      ALL.keySet().stream().filter(Definition::isOperator).collect(Collectors.toUnmodifiableSet());

  private static final Set<String> IN_DOUBLE =
      Csv.byWord(Operators.class, "in-double.csv").keySet();

  private Operators() {}

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

  static Optional<Definition> find(String name) {
    return Optional.ofNullable(ALL.get(name));
  }

  /** Whether a node is planned by its own operator, not as its parts. */
  public static boolean keeps(Node node) {
    return NAMES.contains(node.qualifiedOp()) && !Decompositions.isAlways(node);
  }

  public static Set<String> names() {
    return NAMES;
  }
}
