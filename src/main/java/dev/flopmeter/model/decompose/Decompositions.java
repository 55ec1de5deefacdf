package dev.flopmeter.model.decompose;

import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.InputRoles;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.model.shape.ShapeRule;
import dev.flopmeter.model.shape.ShapeRules;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** The registry of operators that are composed of simpler ones, by qualified name. */
public final class Decompositions {
  /** On the nodes of a body: the name of the node that they replace (metadata). */
  public static final String OWNER = "flopmeter.owner";

  private static final String OPERATOR = "flopmeter.owner.operator";

  /** The long file of bodies, read only if a network has an operator without other rules. */
  private static final class Bodies {
    static final Map<String, Definition> ALL =
        Definition.read(Decompositions.class, BodyFunctions.DIALECT);

    static final Set<String> OPERATORS =
        ALL.keySet().stream()
            .filter(Definition::isOperator)
            .collect(Collectors.toUnmodifiableSet());
  }

  private Decompositions() {}

  /** The qualified names of all composed operators. */
  public static Set<String> operators() {
    return Bodies.OPERATORS;
  }

  /** Whether {@code node} runs as its parts even if the operator's other forms have a kernel. */
  public static boolean isAlways(Node node) {
    return switch (node.qualifiedOp()) {
      case "Attention" -> node.hasOutput(3);
      case "BatchNormalization" ->
          node.attributes().flag("training_mode", false)
              || (node.opset() < 9 && !node.attributes().flag("spatial", true));
      default -> false;
    };
  }

  /** The metadata of a node that stands for a part of {@code node}. */
  public static Map<String, String> ownedBy(Node node) {
    return Map.of(OWNER, owner(node), OPERATOR, ownerOperator(node));
  }

  /** The qualified operator of that node. */
  public static String ownerOperator(Node node) {
    return node.metadata().getOrDefault(OPERATOR, node.qualifiedOp());
  }

  /** The nodes of a graph, with facts about its stored weights that bodies need. */
  public static List<Node> annotated(List<Node> nodes, Map<String, Tensor> stored) {
    return BlockedWeights.withBlocks(nodes, stored);
  }

  /** The number of learned values in input {@code index}: unpacked, and without padding. */
  public static long values(Operands in, int index) {
    if (!BlockedWeights.areOf(in.node()) || index == 0 || index > 2) {
      return InputRoles.values(in, index);
    }
    BlockedWeights found = BlockedWeights.of(in);
    return index == 1 ? found.ordered().elements() : found.outputs();
  }

  /** The name of the node that {@code node} replaces; its own if it is not from a body. */
  public static String owner(Node node) {
    return node.metadata().getOrDefault(OWNER, node.name());
  }

  /** The rule for an operator's output types: its own, or that of its body. */
  public static Optional<ShapeRule> typeRule(String qualifiedOp) {
    Optional<ShapeRule> own = ShapeRules.find(qualifiedOp);
    return own.isPresent() || !Bodies.OPERATORS.contains(qualifiedOp)
        ? own
        : Optional.of(Decompositions::types);
  }

  private static List<TensorType> types(Operands in) {
    Graph body = of(in).orElseThrow();
    List<TensorType> types = new ArrayList<>();
    for (String output : body.outputs()) {
      types.add(body.type(output).orElseThrow(() -> new DataDependentException(output)));
    }
    return types;
  }

  /**
   * The graph that a node stands for, with the names of the node's inputs and outputs. Nothing if
   * its operator is not composed of others.
   *
   * @throws DataDependentException if it depends on a shape or value that is not known yet
   * @throws UnsupportedFormException if the operator's decomposition does not cover its form
   * @throws ModelException if inputs and attributes contradict each other
   */
  public static Optional<Graph> of(Operands in) {
    Definition found = Bodies.ALL.get(in.node().qualifiedOp());
    return Optional.ofNullable(found).map(definition -> new Body(in).graph(definition));
  }

  /**
   * The graph with nodes replaced by their bodies, recursively, except for nodes that {@code
   * isKept} and those whose bodies depend on data.
   */
  public static Graph inlined(Graph graph, Predicate<Node> isKept) {
    List<Node> nodes = new ArrayList<>();
    Map<String, Tensor> constants = new LinkedHashMap<>(graph.constants());
    Map<String, TensorType> types = new LinkedHashMap<>(graph.types());
    for (Node node : graph.nodes()) {
      Optional<Graph> body = isKept.test(node) ? Optional.empty() : known(Operands.of(graph, node));
      if (body.isEmpty()) {
        nodes.add(node);
        continue;
      }
      Graph inner = inlined(body.get(), isKept);
      nodes.addAll(inner.nodes());
      inner.constants().forEach(constants::putIfAbsent);
      inner.types().forEach(types::putIfAbsent);
    }
    return graph.with(graph.outputs(), nodes, constants, types);
  }

  private static Optional<Graph> known(Operands in) {
    try {
      return of(in);
    } catch (DataDependentException | UnsupportedFormException e) {
      return Optional.empty();
    } catch (ModelException e) {
      throw e.at(in.node().describe());
    }
  }
}
