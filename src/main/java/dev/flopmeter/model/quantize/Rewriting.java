package dev.flopmeter.model.quantize;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Origins;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A graph that grows from another one: its values are kept, nodes are added in order. */
final class Rewriting {
  private final Graph graph;
  private final List<Node> nodes = new ArrayList<>();
  private final Map<String, Tensor> constants;
  private final Map<String, TensorType> types;
  private final Map<String, Origins> origins;

  Rewriting(Graph graph) {
    this.graph = graph;
    this.constants = new LinkedHashMap<>(graph.constants());
    this.types = new LinkedHashMap<>(graph.types());
    this.origins = new LinkedHashMap<>(graph.origins());
  }

  boolean has(String value) {
    return types.containsKey(value);
  }

  /** Adds a node whose outputs the graph knows already. */
  void add(Node node) {
    nodes.add(node);
  }

  /** Adds a node of ONNX's own domain with one output, named as the node. */
  String add(
      String op,
      String output,
      TensorType type,
      int opset,
      Attributes attributes,
      String... inputs) {
    claim(output, type);
    Node node =
        new Node(
            output,
            "",
            op,
            Math.max(opset, graph.opset()),
            List.of(inputs),
            List.of(output),
            attributes,
            Map.of());
    nodes.add(node);
    if (List.of(inputs).stream().allMatch(origins::containsKey)) {
      origins.put(
          output, Origins.through(new Operands(node, types::get, constants::get), origins::get));
    }
    return output;
  }

  String constant(String name, Tensor tensor) {
    claim(name, tensor.type());
    constants.put(name, tensor);
    origins.put(name, Origins.stored(tensor));
    return name;
  }

  private void claim(String value, TensorType type) {
    if (types.put(value, type) != null) {
      throw new ModelException(
          "the model has a value '%s' already; rename it to quantise the model".formatted(value));
    }
  }

  /** The finished graph, without the constants that no node reads any more. */
  Graph graph(List<String> outputs) {
    Set<String> read = new HashSet<>(outputs);
    read.addAll(graph.inputs());
    nodes.forEach(node -> read.addAll(GraphLinks.reads(node)));
    Set<String> unread = new HashSet<>(constants.keySet());
    unread.removeAll(read);
    for (Map<String, ?> values : List.of(constants, types, origins)) {
      values.keySet().removeAll(unread);
    }
    return new Graph(
        graph.name(),
        graph.opset(),
        graph.inputs(),
        outputs,
        nodes,
        constants,
        types,
        origins,
        graph.batch());
  }
}
