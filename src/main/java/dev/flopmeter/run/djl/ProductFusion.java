package dev.flopmeter.run.djl;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.GraphScope;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.run.djl.kernel.Activation;
import dev.flopmeter.run.djl.kernel.FusedProducts;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Joins what transformers are made of: a product with constant weights and the bias and activation
 * that follow it; and scores, scale, mask, softmax and values to one attention.
 */
final class ProductFusion {
  private final GraphScope scope;
  private final GraphLinks links;
  private final Set<Node> taken = new HashSet<>();
  private final Map<Node, Task> byLast = new HashMap<>();

  ProductFusion(GraphScope scope) {
    this.scope = scope;
    this.links = new GraphLinks(scope.graph());
    scope.graph().nodes().forEach(this::join);
  }

  /** The joined step that runs in the place of {@code last}, if there is one. */
  @Nullable Task task(Node last) {
    return byLast.get(last);
  }

  /** Whether a joined step serves {@code node}. */
  boolean serves(Node node) {
    return taken.contains(node);
  }

  private void join(Node node) {
    if (!node.qualifiedOp().equals("MatMul") || taken.contains(node)) {
      return;
    }
    if (isWeighted(node)) {
      joinLinear(node);
    } else {
      joinAttention(node);
    }
  }

  private boolean isWeighted(Node node) {
    Operands in = scope.operands(node);
    return isFloat(in, 0)
        && in.shape(0).rank() >= 2
        && in.shape(0).elements() > 0
        && in.value(1).isPresent()
        && in.shape(1).rank() == 2;
  }

  private static boolean isFloat(Operands in, int index) {
    return in.knownType(index).filter(type -> type.type() == DataType.FLOAT).isPresent();
  }

  private void joinLinear(Node product) {
    List<Node> chain = new ArrayList<>(List.of(product));
    List<String> inputs = new ArrayList<>(product.inputs());
    Node next = links.onlyReader(product);
    String bias = next == null ? null : bias(product, next);
    if (next != null && bias != null) {
      inputs.add(bias);
      chain.add(next);
      next = links.onlyReader(next);
    }
    Optional<Activation> activation =
        next == null
            ? Optional.empty()
            : Activation.of(scope.operands(next)).filter(Activation::isPlain);
    if (next != null && activation.isPresent()) {
      chain.add(next);
    }
    record(
        new Task(
            product,
            chain,
            inputs,
            chain.get(chain.size() - 1).outputs(),
            FusedProducts.linear(
                scope.operands(product), bias != null, activation.orElse(Activation.NONE))));
  }

  private void record(Task task) {
    taken.addAll(task.nodes());
    byLast.put(task.nodes().get(task.nodes().size() - 1), task);
  }

  /** The constant vector, one value a column, that {@code next} adds to the product. */
  private @Nullable String bias(Node product, Node next) {
    if (!next.qualifiedOp().equals("Add") || next.attributes().has("axis")) {
      return null;
    }
    String other = other(next, product.outputs().get(0));
    Tensor constant = scope.constant(other);
    long columns = scope.operands(product).shape(1).dim(1);
    return constant != null && constant.shape().equals(Shape.of(columns)) ? other : null;
  }

  /** The input of a node of two that is not {@code value}. */
  private static String other(Node node, String value) {
    return node.inputs().get(node.inputs().get(0).equals(value) ? 1 : 0);
  }

  /** From the product of queries and (turned) keys on; nothing is joined if a part is missing. */
  private void joinAttention(Node scores) {
    Operands in = scope.operands(scores);
    if (!isFloat(in, 0) || !isFloat(in, 1) || in.shape(0).rank() != 4 || in.shape(1).rank() != 4) {
      return;
    }
    List<Node> chain = new ArrayList<>();
    String queries = scores.inputs().get(0);
    double scale = 1;
    Node before = links.writer(queries);
    if (before != null && scores.equals(links.onlyReader(before)) && factor(before) != null) {
      scale = requireFactor(before);
      queries = scaled(before);
      chain.add(before);
    }
    chain.add(scores);
    Node next = links.onlyReader(scores);
    if (next != null && factor(next) != null) {
      scale *= requireFactor(next);
      chain.add(next);
      next = links.onlyReader(next);
    }
    String mask = "";
    if (next != null && isMask(next, chain.get(chain.size() - 1))) {
      mask = other(next, chain.get(chain.size() - 1).outputs().get(0));
      chain.add(next);
      next = links.onlyReader(next);
    }
    Node values = next == null ? null : links.onlyReader(next);
    if (next == null || values == null || !isSoftmax(next) || !isValues(values, next)) {
      return;
    }
    chain.add(next);
    chain.add(values);
    record(
        new Task(
            scores,
            chain,
            List.of(queries, scores.inputs().get(1), values.inputs().get(1), mask),
            values.outputs(),
            FusedProducts.attention(scale, !mask.isEmpty())));
  }

  /** What {@code node} multiplies by, if it is a constant of one element. */
  private @Nullable Double factor(Node node) {
    boolean divides = node.qualifiedOp().equals("Div");
    boolean multiplies = node.qualifiedOp().equals("Mul");
    if ((!divides && !multiplies) || node.attributes().has("axis")) {
      return null;
    }
    Tensor second = single(node, 1);
    if (second != null) {
      return divides ? 1 / second.doubleAt(0) : second.doubleAt(0);
    }
    Tensor first = divides ? null : single(node, 0);
    return first == null ? null : first.doubleAt(0);
  }

  private double requireFactor(Node node) {
    Double factor = factor(node);
    if (factor == null) {
      throw new IllegalStateException(node.describe() + " has no factor");
    }
    return factor;
  }

  private String scaled(Node node) {
    return node.inputs().get(single(node, 1) == null ? 1 : 0);
  }

  private @Nullable Tensor single(Node node, int input) {
    Tensor constant = scope.constant(node.inputs().get(input));
    return constant != null && constant.elements() == 1 && constant.shape().rank() <= 1
        ? constant
        : null;
  }

  /** Whether {@code next} adds to the scores a tensor of floats that broadcasts to their shape. */
  private boolean isMask(Node next, Node before) {
    if (!next.qualifiedOp().equals("Add") || next.attributes().has("axis")) {
      return false;
    }
    String scores = before.outputs().get(0);
    TensorType own = scope.type(scores);
    TensorType mask = scope.type(other(next, scores));
    return own != null
        && mask != null
        && mask.type() == DataType.FLOAT
        && mask.shape().rank() <= own.shape().rank()
        && own.equals(scope.type(next.outputs().get(0)));
  }

  private boolean isSoftmax(Node node) {
    Operands in = scope.operands(node);
    return node.qualifiedOp().equals("Softmax")
        && in.knownType(0).isPresent()
        && in.shape(0).axis(in.attributes().integer("axis", node.opset() < 13 ? 1 : -1))
            == in.shape(0).rank() - 1;
  }

  /** Whether {@code node} is the product of the shares and values of the same batch and heads. */
  private boolean isValues(Node node, Node softmax) {
    Operands in = scope.operands(node);
    return node.qualifiedOp().equals("MatMul")
        && node.inputs().get(0).equals(softmax.outputs().get(0))
        && isFloat(in, 0)
        && isFloat(in, 1)
        && in.shape(1).rank() == 4
        && in.shape(0).slice(0, 2).equals(in.shape(1).slice(0, 2));
  }
}
