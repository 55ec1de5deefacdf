package dev.flopmeter.run.fuse;

import static dev.flopmeter.run.fuse.Fuser.isOfOneType;
import static dev.flopmeter.run.fuse.Fuser.isSum;
import static dev.flopmeter.run.fuse.Fuser.other;
import static dev.flopmeter.run.fuse.Fuser.output;

import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.GraphScope;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.run.fuse.Fused.Attention;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Finds the nodes of one attention, from the product of queries and keys on. */
final class AttentionFinder {
  /** Elements of a mask that are looked through. */
  private static final long MOST_SEARCHED = 1 << 22;

  /** The least number that a mask adds to the score of a visible key. */
  private static final double LEAST_VISIBLE = -1e4;

  private final GraphScope scope;
  private final GraphLinks links;
  private final Node scores;
  private final List<Node> others = new ArrayList<>();
  private String queries;
  private double scale = 1;
  private @Nullable String mask;

  private AttentionFinder(GraphScope scope, GraphLinks links, Node scores) {
    this.scope = scope;
    this.links = links;
    this.scores = scores;
    this.queries = scores.inputs().get(0);
  }

  /** The attention whose scores {@code scores} computes, as far as {@code rules} take it. */
  static @Nullable Attention find(
      GraphScope scope, GraphLinks links, Node scores, Predicate<Fused> rules) {
    Attention whole = isProduct(scores) ? new AttentionFinder(scope, links, scores).find() : null;
    if (whole == null) {
      return null;
    }
    Node turn = turn(links, scores);
    Attention turned = turn == null ? whole : whole.withTurnedKeys(turn);
    return rules.test(turned) ? turned : rules.test(whole) ? whole : null;
  }

  private static boolean isProduct(Node node) {
    return node.qualifiedOp().equals("MatMul");
  }

  /** The Transpose that writes the keys for this product alone. */
  private static @Nullable Node turn(GraphLinks links, Node scores) {
    Node writer = links.writer(scores.inputs().get(1));
    return writer != null
            && writer.qualifiedOp().equals("Transpose")
            && scores.equals(links.onlyReader(writer))
        ? writer
        : null;
  }

  private @Nullable Attention find() {
    scaledQueries();
    Node softmax = links.onlyReader(masked(scaled(scores)));
    if (softmax == null || !isSoftmaxOfRows(softmax)) {
      return null;
    }
    others.add(softmax);
    Node shares = guarded(softmax);
    Node product = links.onlyReader(shares);
    if (product == null
        || !isProduct(product)
        || !product.inputs().get(0).equals(output(shares))
        || !areWholeHeads(product.inputs().get(1))) {
      return null;
    }
    others.add(product);
    return new Attention(scores, others, queries, scale, mask, product.inputs().get(1), null);
  }

  private void scaledQueries() {
    Node before = links.writer(queries);
    Scaling scaling =
        before != null && scores.equals(links.onlyReader(before)) ? scaling(before) : null;
    if (before != null && scaling != null) {
      others.add(before);
      queries = scaling.value();
      scale = scaling.factor();
    }
  }

  /** The node that writes the scaled scores. */
  private Node scaled(Node last) {
    Node next = links.onlyReader(last);
    Scaling scaling = next == null ? null : scaling(next);
    if (next == null || scaling == null) {
      return last;
    }
    others.add(next);
    scale *= scaling.factor();
    return next;
  }

  /** The node that writes the masked scores. */
  private Node masked(Node last) {
    Node next = links.onlyReader(last);
    if (next == null || !isSum(next) || !isOfOneType(scope, output(last), output(next))) {
      return last;
    }
    others.add(next);
    mask = other(next, output(last));
    return next;
  }

  /** A multiplication of {@code value} by one number. */
  private record Scaling(String value, double factor) {}

  private @Nullable Scaling scaling(Node node) {
    boolean divides = node.qualifiedOp().equals("Div");
    if ((!divides && !node.qualifiedOp().equals("Mul")) || node.attributes().has("axis")) {
      return null;
    }
    for (int i = 0; i < (divides ? 1 : 2); i++) {
      String value = node.inputs().get(i);
      Tensor factor = scope.constant(node.inputs().get(1 - i));
      if (factor != null && factor.elements() == 1 && isOfOneType(scope, value, output(node))) {
        double number = factor.doubleAt(0);
        return new Scaling(value, divides ? 1 / number : number);
      }
    }
    return null;
  }

  private boolean isSoftmaxOfRows(Node node) {
    Operands in = scope.operands(node);
    return node.qualifiedOp().equals("Softmax")
        && in.knownType(0).isPresent()
        && in.shape(0).axis(in.attributes().integer("axis", node.opset() < 13 ? 1 : -1))
            == in.shape(0).rank() - 1;
  }

  /** Whether queries, keys and values have the same batch and heads, none shared or repeated. */
  private boolean areWholeHeads(String values) {
    List<@Nullable TensorType> types =
        Stream.of(scores.inputs().get(0), scores.inputs().get(1), values).map(scope::type).toList();
    return types.stream().allMatch(type -> type != null && type.shape().rank() == 4)
        && types.stream().map(type -> type.shape().slice(0, 2)).distinct().count() == 1;
  }

  /**
   * The node that writes the shares. PyTorch's exports put {@code Where(IsNaN(x), 0, x)} behind a
   * softmax: the weights of a completely masked row become 0. If no row is, these nodes have no
   * effect.
   */
  private Node guarded(Node softmax) {
    String shares = output(softmax);
    List<Node> readers = links.readers(shares);
    if (readers.size() != 2 || links.isReturned(shares) || !leavesEachRowSomething()) {
      return softmax;
    }
    Node test = readers.get(0);
    Node choice = readers.get(1);
    boolean isGuard =
        test.qualifiedOp().equals("IsNaN")
            && choice.qualifiedOp().equals("Where")
            && choice.equals(links.onlyReader(test))
            && choice.inputs().get(0).equals(output(test))
            && choice.inputs().get(2).equals(shares)
            && isOfOneType(scope, output(choice), shares)
            && isZero(scope.constant(choice.inputs().get(1)));
    if (!isGuard) {
      return softmax;
    }
    others.add(test);
    others.add(choice);
    return choice;
  }

  private static boolean isZero(@Nullable Tensor tensor) {
    return tensor != null && tensor.elements() == 1 && tensor.doubleAt(0) == 0;
  }

  /**
   * Whether the mask is known to leave a key of every row visible, so that no weight can be NaN.
   */
  private boolean leavesEachRowSomething() {
    if (mask == null) {
      return true;
    }
    Tensor known = scope.constant(mask);
    if (known == null || known.elements() > MOST_SEARCHED || known.shape().rank() == 0) {
      return false;
    }
    Shape shape = known.shape();
    long width = Math.max(1, shape.dim(-1));
    return LongStream.range(0, known.elements() / width)
        .allMatch(
            row ->
                LongStream.range(row * width, (row + 1) * width)
                    .anyMatch(key -> !(known.doubleAt(key) < LEAST_VISIBLE)));
  }
}
