package dev.flopmeter.run.fuse;

import static dev.flopmeter.run.fuse.Fuser.isSum;
import static dev.flopmeter.run.fuse.Fuser.other;
import static dev.flopmeter.run.fuse.Fuser.output;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.GraphScope;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.run.fuse.Fused.Single;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds nodes that together compute what one later operator of ONNX does, as exporters write them
 * for models of earlier operator sets: Swish, HardSwish, Gelu and GroupNormalization.
 */
final class CompositeFinder {
  /** The first operator set that has all of these operators. */
  private static final int OPSET = 24;

  private final GraphScope scope;
  private final GraphLinks links;

  CompositeFinder(GraphScope scope, GraphLinks links) {
    this.scope = scope;
    this.links = links;
  }

  /** The composite that {@code first} begins; null if it begins none. */
  @Nullable Single startingAt(Node first) {
    return switch (first.qualifiedOp()) {
      case "Sigmoid" -> gated(first, "Swish");
      case "HardSigmoid" ->
          isNear(first.attributes().number("alpha", 0.2f), 1 / 6.0)
                  && isNear(first.attributes().number("beta", 0.5f), 0.5)
              ? gated(first, "HardSwish")
              : null;
      case "Div" -> gelu(first, Math.sqrt(2));
      case "Mul" -> gelu(first, Math.sqrt(0.5));
      case "Reshape" -> groupNormalization(first);
      default -> null;
    };
  }

  /** The composite that computes an activation of {@code value} and is its only reader. */
  @Nullable Single activationOf(String value) {
    List<Node> readers = links.readers(value);
    return links.isReturned(value)
        ? null
        : readers.stream()
            .map(this::startingAt)
            .filter(Objects::nonNull)
            .filter(found -> found.main().inputs().equals(List.of(value)))
            .filter(found -> found.nodes().containsAll(readers))
            .findFirst()
            .orElse(null);
  }

  /** {@code x gate(x)}. */
  private @Nullable Single gated(Node gate, String op) {
    String x = gate.inputs().get(0);
    Node product = links.onlyReader(gate);
    return product != null && isProduct(product) && other(product, output(gate)).equals(x)
        ? composite(op, List.of(x), Attributes.NONE, gate, product)
        : null;
  }

  /** {@code 0.5 x (1 + erf(x / sqrt(2)))}, multiplied in any order. */
  private @Nullable Single gelu(Node scaling, double root) {
    int number = isProduct(scaling) && isNumber(scaling.inputs().get(0), root) ? 0 : 1;
    boolean isScaled =
        isNumber(scaling.inputs().get(number), root) && !scaling.attributes().has("axis");
    Node erf = isScaled ? links.onlyReader(scaling) : null;
    Node sum = erf == null || !erf.qualifiedOp().equals("Erf") ? null : links.onlyReader(erf);
    boolean adds = sum != null && erf != null && isSum(sum) && isNumber(other(sum, output(erf)), 1);
    Node first = adds && sum != null ? links.onlyReader(sum) : null;
    if (first == null || sum == null || erf == null || !isProduct(first)) {
      return null;
    }
    String x = scaling.inputs().get(1 - number);
    String factor = other(first, output(sum));
    Node half = links.writer(factor);
    if (half != null
        && isProduct(half)
        && isHalved(half, x)
        && first.equals(links.onlyReader(half))) {
      return composite("Gelu", List.of(x), Attributes.NONE, scaling, erf, sum, half, first);
    }
    Node second = links.onlyReader(first);
    boolean isWhole =
        second != null
            && isProduct(second)
            && Stream.of(factor, other(second, output(first)))
                .allMatch(each -> each.equals(x) || isNumber(each, 0.5))
            && !factor.equals(other(second, output(first)));
    return isWhole && second != null
        ? composite("Gelu", List.of(x), Attributes.NONE, scaling, erf, sum, first, second)
        : null;
  }

  private boolean isHalved(Node half, String x) {
    return half.inputs().contains(x) && isNumber(other(half, x), 0.5);
  }

  /**
   * An InstanceNormalization of the groups as channels, brought back into the shape of the input,
   * then a scale and a bias for each channel.
   */
  private @Nullable Single groupNormalization(Node split) {
    String x = split.inputs().get(0);
    TensorType type = scope.type(x);
    TensorType groups = scope.type(output(split));
    Node norm = links.onlyReader(split);
    if (type == null
        || groups == null
        || norm == null
        || !norm.qualifiedOp().equals("InstanceNormalization")
        || !isGrouped(type.shape(), groups.shape())
        || !isAll(norm.inputs().get(1), 1)
        || !isAll(norm.inputs().get(2), 0)) {
      return null;
    }
    Node joined = links.onlyReader(norm);
    Node scaled =
        joined != null && joined.qualifiedOp().equals("Reshape") ? links.onlyReader(joined) : null;
    Node moved = scaled != null && isProduct(scaled) ? links.onlyReader(scaled) : null;
    if (joined == null || scaled == null || moved == null || !isSum(moved)) {
      return null;
    }
    String scale = other(scaled, output(joined));
    String bias = other(moved, output(scaled));
    return type.equals(scope.type(output(joined)))
            && isPerChannel(scale, type.shape())
            && isPerChannel(bias, type.shape())
        ? composite(
            "GroupNormalization",
            List.of(x, scale, bias),
            Attributes.of("num_groups", groups.shape().dim(1))
                .with("epsilon", norm.attributes().number("epsilon", 1e-5f)),
            split,
            norm,
            joined,
            scaled,
            moved)
        : null;
  }

  private static boolean isGrouped(Shape whole, Shape groups) {
    return whole.rank() >= 3
        && groups.rank() == 3
        && groups.dim(0) == whole.dim(0)
        && groups.dim(1) > 0
        && whole.dim(1) % groups.dim(1) == 0;
  }

  /** Whether a constant has one number for each channel of {@code shape} and nothing else. */
  private boolean isPerChannel(String value, Shape shape) {
    Tensor constant = scope.constant(value);
    int fromEnd = shape.rank() - 1;
    return constant != null
        && constant.elements() == shape.dim(1)
        && constant.shape().rank() >= fromEnd
        && constant.shape().rank() <= shape.rank()
        && constant.shape().dim(-fromEnd) == shape.dim(1);
  }

  private boolean isAll(String value, double number) {
    Tensor constant = scope.constant(value);
    if (constant == null) {
      return false;
    }
    for (long i = 0; i < constant.elements(); i++) {
      if (constant.doubleAt(i) != number) {
        return false;
      }
    }
    return true;
  }

  static boolean isProduct(Node node) {
    return node.qualifiedOp().equals("Mul") && !node.attributes().has("axis");
  }

  private boolean isNumber(String value, double number) {
    Tensor constant = scope.constant(value);
    return constant != null
        && constant.elements() == 1
        && constant.shape().rank() <= 1
        && isNear(constant.doubleAt(0), number);
  }

  /** Equal as a number of half precision at least. */
  private static boolean isNear(double one, double other) {
    return Math.abs(one - other) <= 1e-3 * Math.abs(other);
  }

  /** Null if the result is not of the first input's type. */
  private @Nullable Single composite(
      String op, List<String> inputs, Attributes attributes, Node... nodes) {
    Node first = nodes[0];
    String result = output(nodes[nodes.length - 1]);
    TensorType type = scope.type(inputs.get(0));
    return type != null && type.equals(scope.type(result))
        ? new Single(
            new Node(first.name(), "", op, OPSET, inputs, List.of(result), attributes, Map.of()),
            List.of(nodes))
        : null;
  }
}
