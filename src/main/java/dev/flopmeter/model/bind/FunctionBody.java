package dev.flopmeter.model.bind;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.FunctionTemplate;
import dev.flopmeter.model.GraphTemplate;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.ValueInfo;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A function's nodes at one call: with renamed values and resolved attributes. */
final class FunctionBody {
  private final Node call;
  private final Attributes given;
  private final Map<String, String> names = new HashMap<>();

  private FunctionBody(Node call, FunctionTemplate function) {
    if (call.inputs().size() > function.inputs().size()
        || call.outputs().size() > function.outputs().size()) {
      throw new ModelException(
          "%s: the function takes %s inputs and gives %s outputs, but the call has %s and %s"
              .formatted(
                  call.describe(),
                  function.inputs().size(),
                  function.outputs().size(),
                  call.inputs().size(),
                  call.outputs().size()));
    }
    this.call = call;
    Map<String, Object> attributes = new LinkedHashMap<>(function.attributeDefaults().asMap());
    attributes.putAll(call.attributes().asMap());
    this.given = Attributes.of(attributes);
    bindNames(function.inputs(), call.inputs());
    bindNames(function.outputs(), call.outputs());
  }

  /**
   * The body's nodes in topological order, ready to replace {@code call}. A reference to an
   * attribute that the caller omits is omitted too, as ONNX requires.
   */
  static List<Node> of(Node call, FunctionTemplate function) {
    FunctionBody body = new FunctionBody(call, function);
    return TopologicalOrder.of(function.nodes()).stream().map(body::rewritten).toList();
  }

  private void bindNames(List<String> formal, List<String> actual) {
    for (int i = 0; i < formal.size(); i++) {
      names.put(formal.get(i), i < actual.size() ? actual.get(i) : "");
    }
  }

  private Node rewritten(Node node) {
    return new Node(
        label() + "/" + (node.name().isEmpty() ? node.op() : node.name()),
        node.domain(),
        node.op(),
        node.opset(),
        node.inputs().stream().map(this::renamed).toList(),
        node.outputs().stream().map(this::renamedOutput).toList(),
        rewritten(node.attributes()),
        call.metadata());
  }

  private String renamed(String value) {
    return value.isEmpty() ? "" : names.computeIfAbsent(value, inner -> prefix() + inner);
  }

  /** An output that the caller omits is still written inside, under a separate name. */
  private String renamedOutput(String value) {
    if (value.isEmpty()) {
      return "";
    }
    String name = names.get(value);
    if (name == null || name.isEmpty()) {
      name = prefix() + value;
      names.put(value, name);
    }
    return name;
  }

  private String prefix() {
    String first =
        call.outputs().stream().filter(output -> !output.isEmpty()).findFirst().orElse("");
    return label() + "/" + first + "/";
  }

  private String label() {
    return call.name().isEmpty() ? call.op() : call.name();
  }

  private Attributes rewritten(Attributes attributes) {
    Map<String, Object> result = new LinkedHashMap<>();
    attributes.asMap().forEach((name, value) -> result.put(name, rewritten(value)));
    result.values().removeIf(value -> value instanceof Attributes.Reference);
    return Attributes.of(result);
  }

  /** The value of an attribute; a reference to an omitted one stays a reference. */
  private Object rewritten(Object value) {
    if (value instanceof Attributes.Reference reference) {
      return given.asMap().getOrDefault(reference.name(), reference);
    }
    return value instanceof GraphTemplate body ? rewritten(body) : value;
  }

  private GraphTemplate rewritten(GraphTemplate body) {
    return new GraphTemplate(
        body.name(),
        body.inputs().stream().map(this::renamed).toList(),
        body.outputs().stream().map(this::renamed).toList(),
        renamedKeys(body.initializers()),
        body.nodes().stream().map(this::rewritten).toList(),
        Map.of());
  }

  private ValueInfo renamed(ValueInfo info) {
    return new ValueInfo(renamed(info.name()), info.type(), info.dims());
  }

  private <T> Map<String, T> renamedKeys(Map<String, T> map) {
    Map<String, T> result = new LinkedHashMap<>();
    map.forEach((name, value) -> result.put(renamed(name), value));
    return result;
  }
}
