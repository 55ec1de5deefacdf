package dev.flopmeter.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A graph as written, before shapes are bound: the main graph of a model, or the body of a
 * control-flow operator.
 *
 * @param initializers tensors stored with the graph, by value name
 * @param nodes in the order of the file, which need not be topological
 * @param declared types the file declares for inner values, by value name
 */
public record GraphTemplate(
    String name,
    List<ValueInfo> inputs,
    List<ValueInfo> outputs,
    Map<String, Tensor> initializers,
    List<Node> nodes,
    Map<String, ValueInfo> declared) {

  public GraphTemplate {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    initializers = Collections.unmodifiableMap(new LinkedHashMap<>(initializers));
    nodes = List.copyOf(nodes);
    declared = Map.copyOf(declared);
  }
}
