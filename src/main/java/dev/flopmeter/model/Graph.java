package dev.flopmeter.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * A network with bound shapes; immutable, knows nothing of devices.
 *
 * <p>Nodes are in topological order. Every value has at most one writer: an input, a constant or
 * one node's output. Constants have been folded, so a node has only constant inputs if its result
 * would be large or its operator cannot be folded.
 *
 * @param inputs values to feed, in order
 * @param outputs names of the values to return, in order
 * @param constants known tensors by value name, the stored weights and what was folded
 * @param types inferred types by value name; a value is missing here where its shape depends on
 *     data
 * @param origins the stored tensors behind every value that is known before the first run: behind
 *     constants, and behind what nodes compute from constants alone
 * @param batch inferences of one pass
 */
public record Graph(
    String name,
    int opset,
    List<String> inputs,
    List<String> outputs,
    List<Node> nodes,
    Map<String, Tensor> constants,
    Map<String, TensorType> types,
    Map<String, Origins> origins,
    long batch) {

  public Graph {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    nodes = List.copyOf(nodes);
    constants = Collections.unmodifiableMap(new LinkedHashMap<>(constants));
    types = Collections.unmodifiableMap(new LinkedHashMap<>(types));
    origins = Collections.unmodifiableMap(new LinkedHashMap<>(origins));
  }

  /** This graph with more known types and values. */
  public Graph withKnown(Map<String, TensorType> moreTypes, Map<String, Tensor> moreConstants) {
    Map<String, TensorType> allTypes = new LinkedHashMap<>(types);
    allTypes.putAll(moreTypes);
    Map<String, Tensor> allConstants = new LinkedHashMap<>(constants);
    allConstants.putAll(moreConstants);
    return with(outputs, nodes, allConstants, allTypes);
  }

  public Graph with(
      List<String> outputs,
      List<Node> nodes,
      Map<String, Tensor> constants,
      Map<String, TensorType> types) {
    return new Graph(name, opset, inputs, outputs, nodes, constants, types, origins, batch);
  }

  /** The names of missing files, as the model gives them, that leave constants unknown. */
  public Set<String> missingFiles() {
    Set<String> missing = new TreeSet<>();
    for (Tensor constant : constants.values()) {
      if (constant instanceof UnavailableTensor unavailable
          && !unavailable.missingFile().isEmpty()) {
        missing.add(unavailable.missingFile());
      }
    }
    return missing;
  }

  /**
   * Rejects a graph that cannot run because values of its constants are missing.
   *
   * @throws ModelException with the first such constant, in bodies too
   */
  public void requireValues() {
    constants.forEach(
        (name, constant) -> {
          if (constant instanceof UnavailableTensor unavailable) {
            throw new ModelException(
                "tensor '" + name + "': " + unavailable.reason() + "; it can be counted only");
          }
        });
    for (Node node : nodes) {
      node.attributes().bodies().forEach(Graph::requireValues);
    }
  }

  /**
   * Whether {@code node} of this graph has only constant inputs, so that it need run only once,
   * when the network is loaded.
   */
  public boolean isComputedAtLoad(Node node) {
    return !Collections.disjoint(node.outputs(), origins.keySet());
  }

  /** The type of a value; nothing if its shape depends on data. */
  public Optional<TensorType> type(String value) {
    return Optional.ofNullable(types.get(value));
  }

  /**
   * The type of a value that must be known.
   *
   * @throws ModelException if its shape depends on data
   */
  public TensorType requireType(String value) {
    TensorType type = types.get(value);
    if (type == null) {
      throw new ModelException("the shape of value '" + value + "' depends on data");
    }
    return type;
  }

  public Optional<Tensor> constant(String value) {
    return Optional.ofNullable(constants.get(value));
  }
}
