package dev.flopmeter.model;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * One operator of a model.
 *
 * @param name unique in its graph; generated if the model has none
 * @param domain empty for ONNX's own operators, otherwise such as {@code com.microsoft}
 * @param op the operator's name, such as {@code Conv}
 * @param opset version of the domain's operator set that the model was written against
 * @param inputs names of the values read; an empty name is an optional input left out
 * @param outputs names of the values written; an empty name is an optional output left out
 * @param metadata properties of the node in the model (ONNX {@code metadata_props}), such as the
 *     framework's module it came from
 */
public record Node(
    String name,
    String domain,
    String op,
    int opset,
    List<String> inputs,
    List<String> outputs,
    Attributes attributes,
    Map<String, String> metadata) {

  public Node {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    metadata = Map.copyOf(metadata);
    domain = domain.equals("ai.onnx") ? "" : domain;
  }

  /** {@code Conv}, or {@code com.microsoft:FusedConv} outside ONNX's own domain. */
  public String qualifiedOp() {
    return domain.isEmpty() ? op : domain + ":" + op;
  }

  /** Whether input {@code index} is given. */
  public boolean hasInput(int index) {
    return index >= 0 && index < inputs.size() && !inputs.get(index).isEmpty();
  }

  /** Whether output {@code index} is used. */
  public boolean hasOutput(int index) {
    return index < outputs.size() && !outputs.get(index).isEmpty();
  }

  public Node withAttributes(Attributes changed) {
    return new Node(name, domain, op, opset, inputs, outputs, changed, metadata);
  }

  public Node withInputs(List<String> changed) {
    return new Node(name, domain, op, opset, changed, outputs, attributes, metadata);
  }

  public Node withOutputs(List<String> changed) {
    return new Node(name, domain, op, opset, inputs, changed, attributes, metadata);
  }

  public Node withName(String changed) {
    return new Node(changed, domain, op, opset, inputs, outputs, attributes, metadata);
  }

  /** This node as part of another graph, with another name and other names for its values. */
  public Node renamed(String changed, UnaryOperator<String> values, Map<String, String> noted) {
    List<String> read = inputs.stream().map(values).toList();
    List<String> written = outputs.stream().map(values).toList();
    return new Node(changed, domain, op, opset, read, written, attributes, noted);
  }

  /** For messages: {@code node 'conv1' (Conv)}, or {@code node for 'y' (Conv)} without a name. */
  public String describe() {
    String label = name.isEmpty() && !outputs.isEmpty() ? "for '" + outputs.get(0) : "'" + name;
    return "node " + label + "' (" + qualifiedOp() + ")";
  }
}
