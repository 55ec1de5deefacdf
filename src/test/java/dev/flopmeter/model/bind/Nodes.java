package dev.flopmeter.model.bind;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Dim;
import dev.flopmeter.model.GraphTemplate;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.ValueInfo;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Short notations for nodes and bodies: values are words separated by blanks, - is omitted. */
final class Nodes {
  private Nodes() {}

  static final TensorType FLOATS = TensorType.of(DataType.FLOAT, 2, 3);

  static Node node(String op, String inputs, String outputs, Object... attributes) {
    return named("", op, inputs, outputs, attributes);
  }

  static Node named(String name, String op, String in, String out, Object... attributes) {
    String domain = op.startsWith("my:") ? "my" : "";
    String plain = op.substring(op.indexOf(':') + 1);
    return new Node(
        name, domain, plain, 18, words(in), words(out), Attributes.of(attributes), Map.of());
  }

  static List<String> words(String text) {
    return text.isEmpty()
        ? List.of()
        : Arrays.stream(text.split(" ")).map(word -> word.equals("-") ? "" : word).toList();
  }

  static GraphTemplate body(String inputs, String outputs, Node... nodes) {
    return new GraphTemplate(
        "body", open(inputs), open(outputs), Map.of(), List.of(nodes), Map.of());
  }

  private static List<ValueInfo> open(String names) {
    return words(names).stream().map(name -> new ValueInfo(name, null, null)).toList();
  }

  static ValueInfo declared(String name, DataType type, long... dims) {
    return new ValueInfo(name, type, Arrays.stream(dims).mapToObj(Dim::of).toList());
  }
}
