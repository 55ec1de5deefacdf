package dev.flopmeter.model;

import java.util.List;

/**
 * A function that a model defines for itself; a node that calls it represents its body.
 *
 * @param attributeDefaults attributes a caller may give
 */
public record FunctionTemplate(
    String domain,
    String name,
    List<String> inputs,
    List<String> outputs,
    Attributes attributeDefaults,
    List<Node> nodes) {

  public FunctionTemplate {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    nodes = List.copyOf(nodes);
  }

  /** The qualified operator of the nodes that call it. */
  public String key() {
    return domain.isEmpty() ? name : domain + ":" + name;
  }
}
