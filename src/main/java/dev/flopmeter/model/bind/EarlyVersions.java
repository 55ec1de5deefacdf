package dev.flopmeter.model.bind;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Node;
import java.util.List;

/**
 * Converts attributes that early versions of an operator spell differently to the later spelling,
 * so that shapes, counts and kernels need only one. Attributes that became inputs, and changed
 * defaults, are left to their readers.
 */
final class EarlyVersions {
  private EarlyVersions() {}

  /** The node itself, or with the attributes of later versions of the operator. */
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

  /** Since opset 7 the outputs decide; before, an attribute. */
  private static boolean trains(Node node) {
    return node.opset() < 7 ? !node.attributes().flag("is_test", false) : node.hasOutput(1);
  }

  /** The type's name at first, its number since opset 6. */
  private static Node namedType(Node node) {
    Object to = node.attributes().asMap().get("to");
    return to instanceof String name ? with(node, "to", DataType.named(name).code()) : node;
  }

  /** A float at first, an integer since opset 2. */
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

  /** "Nearest, and linear (including bilinear, trilinear, ...)", according to Upsample 7. */
  private static Node linear(Node node) {
    String mode = node.attributes().text("mode", "nearest");
    return mode.equals("bilinear") || mode.equals("trilinear")
        ? with(node, "mode", "linear")
        : node;
  }

  /** At first only for images (N x C x H x W). */
  private static Node scales(Node node) {
    Attributes given = node.attributes();
    return with(
        node, "scales", List.of(1f, 1f, given.number("height_scale"), given.number("width_scale")));
  }
}
