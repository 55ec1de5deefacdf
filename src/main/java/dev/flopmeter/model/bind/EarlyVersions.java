package dev.flopmeter.model.bind;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Node;
import java.util.List;

/**
 * Attributes that early versions of an operator spell otherwise, brought to the later spelling, so
 * that shapes, counts and kernels know one. An attribute that became an input, or a default that
 * changed, is left to who reads it.
 */
final class EarlyVersions {
  private EarlyVersions() {}

  /** The node as it is, or with its attributes as later versions of the operator have them. */
  static Node modern(Node node) {
    if (node.opset() >= 14 || !node.domain().isEmpty()) {
      return node;
    }
    return switch (node.op()) {
      case "BatchNormalization" -> trains(node) ? with(node, "training_mode", 1) : node;
      case "Cast" -> node.opset() < 6 ? namedType(node) : node;
      case "GlobalLpPool", "LpPool" -> node.opset() < 2 ? wholePower(node) : node;
      case "Pad" -> node.opset() < 2 ? pads(node) : node;
      case "Upsample" -> node.opset() < 7 ? scales(linear(node)) : linear(node);
      default -> node;
    };
  }

  private static Node with(Node node, String attribute, Object value) {
    return node.withAttributes(node.attributes().with(attribute, value));
  }

  /** From opset 7 on the asked outputs say so, before that an attribute. */
  private static boolean trains(Node node) {
    return node.opset() < 7 ? !node.attributes().flag("is_test", false) : node.hasOutput(1);
  }

  /** Once the type's name, since opset 6 its number. */
  private static Node namedType(Node node) {
    Object to = node.attributes().asMap().get("to");
    return to instanceof String name ? with(node, "to", DataType.named(name).code()) : node;
  }

  /** Once a float, since opset 2 an integer. */
  private static Node wholePower(Node node) {
    boolean isWhole =
        node.attributes().asMap().get("p") instanceof Float power && power == Math.rint(power);
    return isWhole ? with(node, "p", (long) node.attributes().number("p")) : node;
  }

  private static Node pads(Node node) {
    return node.attributes()
        .integers("paddings")
        .map(paddings -> with(node, "pads", paddings))
        .orElse(node);
  }

  /** "Nearest, and linear (including bilinear, trilinear, ...)", as ONNX's Upsample 7 says. */
  private static Node linear(Node node) {
    String mode = node.attributes().text("mode", "nearest");
    return mode.equals("bilinear") || mode.equals("trilinear")
        ? with(node, "mode", "linear")
        : node;
  }

  /** Once for pictures (N x C x H x W) alone. */
  private static Node scales(Node node) {
    Attributes given = node.attributes();
    return with(
        node, "scales", List.of(1f, 1f, given.number("height_scale"), given.number("width_scale")));
  }
}
