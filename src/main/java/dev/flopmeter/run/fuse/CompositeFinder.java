package dev.flopmeter.run.fuse;

import static dev.flopmeter.run.fuse.Fuser.isOfOneType;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Finds nodes that together compute what one later operator of ONNX does, as exporters write them
 * for models of earlier operator sets: Swish, HardSwish, Gelu and GroupNormalization.
 */
record CompositeFinder(GraphScope scope, GraphLinks links) {
  /** The first operator set that has all of these operators. */
  private static final int OPSET = 24;

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
    List<Node> line = line(gate, CompositeFinder::isProduct);
    return !line.isEmpty() && other(line.get(1), output(gate)).equals(x)
        ? composite(op, List.of(x), Attributes.NONE, line)
        : null;
  }

  /** {@code 0.5 x (1 + erf(x / sqrt(2)))}, multiplied in any order. */
  private @Nullable Single gelu(Node scaling, double root) {
    int number = isProduct(scaling) && isNumber(scaling.inputs().get(0), root) ? 0 : 1;
    boolean isScaled =
        isNumber(scaling.inputs().get(number), root) && !scaling.attributes().has("axis");
    List<Node> line = line(scaling, is("Erf"), Fuser::isSum, CompositeFinder::isProduct);
    if (!isScaled || line.isEmpty() || !isNumber(other(line.get(2), output(line.get(1))), 1)) {
      return null;
    }
    String x = scaling.inputs().get(1 - number);
    Node first = line.get(3);
    String factor = other(first, output(line.get(2)));
    List<Node> nodes = new ArrayList<>(line);
    Node half = links.writer(factor);
    if (half != null
        && isProduct(half)
        && isHalved(half, x)
        && first.equals(links.onlyReader(half))) {
      nodes.add(3, half);
      return composite("Gelu", List.of(x), Attributes.NONE, nodes);
    }
    List<Node> end = line(first, CompositeFinder::isProduct);
    if (end.isEmpty()) {
      return null;
    }
    nodes.add(end.get(1));
    String last = other(end.get(1), output(first));
    return (factor.equals(x) && isNumber(last, 0.5)) || (last.equals(x) && isNumber(factor, 0.5))
        ? composite("Gelu", List.of(x), Attributes.NONE, nodes)
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
    List<Node> line =
        line(
            split,
            is("InstanceNormalization"),
            is("Reshape"),
            CompositeFinder::isProduct,
            Fuser::isSum);
    if (type == null
        || groups == null
        || line.isEmpty()
        || !isGrouped(type.shape(), groups.shape())
        || !isAll(line.get(1).inputs().get(1), 1)
        || !isAll(line.get(1).inputs().get(2), 0)) {
      return null;
    }
    String joined = output(line.get(2));
    String scale = other(line.get(3), joined);
    String bias = other(line.get(4), output(line.get(3)));
    return type.equals(scope.type(joined))
            && isPerChannel(scale, type.shape())
            && isPerChannel(bias, type.shape())
        ? composite(
            "GroupNormalization",
            List.of(x, scale, bias),
            Attributes.of("num_groups", groups.shape().dim(1))
                .with("epsilon", line.get(1).attributes().number("epsilon", 1e-5f)),
            line)
        : null;
  }

  private static Predicate<Node> is(String op) {
    return node -> node.qualifiedOp().equals(op);
  }

  /** {@code first} and nodes of these kinds, each the only reader of the one before; else none. */
  @SafeVarargs
  private List<Node> line(Node first, Predicate<Node>... kinds) {
    List<Node> line = new ArrayList<>(List.of(first));
    for (Predicate<Node> kind : kinds) {
      Node next = links.onlyReader(line.get(line.size() - 1));
      if (next == null || !kind.test(next)) {
        return List.of();
      }
      line.add(next);
    }
    return line;
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
    return constant != null
        && LongStream.range(0, constant.elements()).allMatch(i -> constant.doubleAt(i) == number);
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
      String op, List<String> inputs, Attributes attributes, List<Node> nodes) {
    String name = nodes.get(0).name();
    List<String> results = List.of(output(nodes.get(nodes.size() - 1)));
    return isOfOneType(scope, inputs.get(0), results.get(0))
        ? new Single(new Node(name, "", op, OPSET, inputs, results, attributes, Map.of()), nodes)
        : null;
  }
}
