package dev.flopmeter.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A network with bound shapes; immutable, knows nothing of devices.
 *
 * <p>Nodes stand in topological order. Every value has at most one writer: an input, a constant or
 * one node's output. What could be computed from constants has been, so no node has only constant
 * inputs unless its result would be large or its operator cannot be folded.
 *
 * @param inputs values to feed, in order
 * @param outputs names of the values to return, in order
 * @param constants known tensors by value name, the stored weights and what was folded
 * @param types inferred types by value name; a value is missing here where its shape depends on
 *     data
 */
public record Graph(
    String name,
    int opset,
    List<String> inputs,
    List<String> outputs,
    List<Node> nodes,
    Map<String, Tensor> constants,
    Map<String, TensorType> types) {

  public Graph {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    nodes = List.copyOf(nodes);
    constants = Collections.unmodifiableMap(new LinkedHashMap<>(constants));
    types = Collections.unmodifiableMap(new LinkedHashMap<>(types));
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
