package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.cudnn.plan.Storage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Joins what one cuDNN call can do: a convolution (or a product with constant weights), the batch
 * normalisation, bias, residual sum and rectifier that follow it; in 16-bit types the two products
 * of an attention with all between them. A value that anything else reads is never swallowed.
 */
final class Fusion {
  /** Elements of a mask that are looked through. */
  private static final long MOST_SEARCHED = 1 << 22;

  /** What is added to a score that is to be seen. */
  private static final double LEAST_SEEN = -1e4;

  private final Graph graph;
  private final Storage floats;
  private final Map<String, List<Node>> readers = new HashMap<>();
  private final Map<String, Node> makers = new HashMap<>();
  private final Set<Node> taken = new HashSet<>();
  private final Map<Node, Integer> positions = new HashMap<>();

  private Fusion(Graph graph, Storage floats) {
    this.graph = graph;
    this.floats = floats;
    for (int i = 0; i < graph.nodes().size(); i++) {
      Node node = graph.nodes().get(i);
      positions.put(node, i);
      node.outputs().forEach(output -> makers.put(output, node));
      for (String input : node.inputs()) {
        readers.computeIfAbsent(input, name -> new ArrayList<>()).add(node);
      }
    }
  }

  /** The graph's nodes in groups, in an order in which they can run. */
  static List<Group> of(Graph graph, RunOptions options) {
    return options.fuse()
        ? new Fusion(graph, Storage.of(options.precision())).groups()
        : graph.nodes().stream().map(Group::of).toList();
  }

  private List<Group> groups() {
    List<Group> groups = new ArrayList<>();
    for (Node node : graph.nodes()) {
      if (taken.contains(node)) {
        continue;
      }
      Group group =
          switch (node.qualifiedOp()) {
            case "Conv" -> convolution(node);
            case "Gemm", "MatMul" -> product(node);
            default -> Group.of(node);
          };
      taken.addAll(group.nodes());
      if (group.attention() != null && group.attention().turned() != null) {
        // It stood before the product and has a group of its own by now.
        Node turned = group.attention().turned();
        groups.removeIf(earlier -> earlier.main().equals(turned));
      }
      groups.add(group);
    }
    // A group runs where its last node stood: by then all that it reads is there.
    groups.sort(
        Comparator.comparingInt(
            group -> positions.get(group.nodes().get(group.nodes().size() - 1))));
    return groups;
  }

  private Group convolution(Node conv) {
    List<Node> nodes = new ArrayList<>(List.of(conv));
    if (!isConstant(conv, 1) || (conv.hasInput(2) && !isConstant(conv, 2))) {
      return Group.of(conv);
    }
    Node batchNorm = null;
    Tensor bias = null;
    String residual = null;
    boolean relu = false;
    Node next = onlyReader(conv).orElse(null);
    if (next != null && isFoldable(next, nodes)) {
      batchNorm = next;
      nodes.add(next);
      next = onlyReader(next).orElse(null);
    }
    if (next != null && next.op().equals("Add")) {
      String other = otherOperand(next, output(nodes));
      Optional<Tensor> perChannel = channelBias(next, other, 1);
      if (perChannel.isPresent()) {
        bias = perChannel.get();
        nodes.add(next);
        next = onlyReader(next).orElse(null);
      }
    }
    if (next != null && next.op().equals("Add")) {
      String other = otherOperand(next, output(nodes));
      if (isSameShape(other, output(nodes)) && graph.constant(other).isEmpty()) {
        residual = other;
        nodes.add(next);
        next = onlyReader(next).orElse(null);
      }
    }
    if (next != null && next.qualifiedOp().equals("Relu")) {
      relu = true;
      nodes.add(next);
    }
    return new Group(conv, nodes, batchNorm, bias, residual, relu, null);
  }

  private Group product(Node product) {
    List<Node> nodes = new ArrayList<>(List.of(product));
    if (!isConstant(product, 1) || graph.requireType(product.inputs().get(1)).shape().rank() != 2) {
      return floats == Storage.F32
          ? Group.of(product)
          : attention(product).orElse(Group.of(product));
    }
    Tensor bias = null;
    boolean relu = false;
    Node next = onlyReader(product).orElse(null);
    if (next != null && next.op().equals("Add") && product.op().equals("MatMul")) {
      String other = otherOperand(next, output(nodes));
      int rank = graph.requireType(output(nodes)).shape().rank();
      Optional<Tensor> perColumn = channelBias(next, other, rank - 1);
      if (perColumn.isPresent()) {
        bias = perColumn.get();
        nodes.add(next);
        next = onlyReader(next).orElse(null);
      }
    }
    boolean isPlainGemm =
        product.op().equals("MatMul") || !product.hasInput(2) || isConstant(product, 2);
    if (next != null && next.qualifiedOp().equals("Relu") && isPlainGemm) {
      relu = true;
      nodes.add(next);
    }
    return new Group(product, nodes, null, bias, null, relu, null);
  }

  /** Two products with a softmax in between: scores, perhaps scaled and masked, and values. */
  private Optional<Group> attention(Node product) {
    List<Node> nodes = new ArrayList<>(List.of(product));
    Node next = onlyReader(product).orElse(null);
    double scale = 1;
    if (next != null && (isOp(next, "Mul") || isOp(next, "Div"))) {
      Optional<Tensor> factor = graph.constant(otherOperand(next, output(nodes)));
      boolean isScale =
          factor.isPresent()
              && factor.get().elements() == 1
              && (isOp(next, "Mul") || next.inputs().get(0).equals(output(nodes)))
              && isSameShape(next.outputs().get(0), output(nodes));
      if (!isScale) {
        return Optional.empty();
      }
      double by = factor.get().doubleAt(0);
      scale = isOp(next, "Mul") ? by : 1 / by;
      nodes.add(next);
      next = onlyReader(next).orElse(null);
    }
    String added = null;
    if (next != null && isOp(next, "Add")) {
      added = otherOperand(next, output(nodes));
      if (added.equals(output(nodes)) || !isSameShape(next.outputs().get(0), output(nodes))) {
        return Optional.empty();
      }
      nodes.add(next);
      next = onlyReader(next).orElse(null);
    }
    if (next == null || !isSoftmaxOfRows(next)) {
      return Optional.empty();
    }
    nodes.add(next);
    if (added == null || leavesEachRowSomething(added)) {
      nodes.addAll(guard(next));
    }
    Node last = onlyReader(nodes.get(nodes.size() - 1)).orElse(null);
    if (last == null
        || !last.qualifiedOp().equals("MatMul")
        || !last.inputs().get(0).equals(output(nodes))
        || last.inputs().get(1).equals(output(nodes))) {
      return Optional.empty();
    }
    nodes.add(last);
    Node turned = turnedKeys(product).orElse(null);
    if (turned != null) {
      nodes.add(1, turned);
    }
    Group.Attention rest = new Group.Attention(scale, added, last.inputs().get(1), turned);
    return AttentionSteps.isWhole(graph, product, rest)
        ? Optional.of(new Group(product, nodes, null, null, null, false, rest))
        : Optional.empty();
  }

  /**
   * What PyTorch's exports put behind a softmax, {@code Where(IsNaN(x), 0, x)}: shares of a row
   * that is masked altogether become 0.
   */
  private List<Node> guard(Node softmax) {
    String shares = softmax.outputs().get(0);
    List<Node> reading = readers.getOrDefault(shares, List.of());
    if (reading.size() != 2 || graph.outputs().contains(shares)) {
      return List.of();
    }
    Node test = reading.get(0);
    Node choice = reading.get(1);
    boolean isGuard =
        test.qualifiedOp().equals("IsNaN")
            && choice.qualifiedOp().equals("Where")
            && onlyReader(test).filter(choice::equals).isPresent()
            && choice.inputs().get(0).equals(test.outputs().get(0))
            && choice.inputs().get(2).equals(shares)
            && isSameShape(choice.outputs().get(0), shares)
            && graph
                .constant(choice.inputs().get(1))
                .filter(zero -> zero.elements() == 1 && zero.doubleAt(0) == 0)
                .isPresent();
    return isGuard ? List.of(test, choice) : List.of();
  }

  /** Whether no row of a constant mask hides all keys, so that no share can be NaN. */
  private boolean leavesEachRowSomething(String added) {
    Optional<Tensor> mask =
        graph.constant(added).filter(known -> known.elements() <= MOST_SEARCHED);
    if (mask.isEmpty() || mask.get().shape().rank() == 0) {
      return false;
    }
    long width = mask.get().shape().dim(-1);
    for (long row = 0; row < mask.get().elements() / Math.max(1, width); row++) {
      boolean isHidden = true;
      for (long key = 0; key < width && isHidden; key++) {
        isHidden = mask.get().doubleAt(row * width + key) < LEAST_SEEN;
      }
      if (isHidden) {
        return false;
      }
    }
    return true;
  }

  /** Keys lie with a head's width innermost, as cuDNN wants them, before they are turned. */
  private Optional<Node> turnedKeys(Node product) {
    @Nullable Node maker = makers.get(product.inputs().get(1));
    return Optional.ofNullable(maker)
        .filter(node -> node.qualifiedOp().equals("Transpose"))
        .filter(node -> readers.getOrDefault(node.outputs().get(0), List.of()).size() == 1)
        .filter(node -> !graph.outputs().contains(node.outputs().get(0)));
  }

  private static boolean isOp(Node node, String op) {
    return node.qualifiedOp().equals(op);
  }

  private boolean isSoftmaxOfRows(Node node) {
    if (!node.qualifiedOp().equals("Softmax")) {
      return false;
    }
    int rank = graph.requireType(node.inputs().get(0)).shape().rank();
    long axis = node.attributes().integer("axis", node.opset() < 13 ? 1 : -1);
    return axis == -1 || axis == rank - 1;
  }

  private static String output(List<Node> nodes) {
    return nodes.get(nodes.size() - 1).outputs().get(0);
  }

  private boolean isFoldable(Node node, List<Node> before) {
    return node.qualifiedOp().equals("BatchNormalization")
        && !node.attributes().flag("training_mode", false)
        && node.attributes().flag("spatial", true)
        && node.inputs().get(0).equals(output(before))
        && node.outputs().stream().skip(1).allMatch(name -> unread(name))
        && isConstant(node, 1)
        && isConstant(node, 2)
        && isConstant(node, 3)
        && isConstant(node, 4);
  }

  private boolean unread(String value) {
    return value.isEmpty() || (!readers.containsKey(value) && !graph.outputs().contains(value));
  }

  /** The node that alone reads {@code node}'s only result, if nothing else needs it. */
  private Optional<Node> onlyReader(Node node) {
    String value = node.outputs().get(0);
    List<Node> reading = readers.getOrDefault(value, List.of());
    boolean alone =
        reading.size() == 1
            && !graph.outputs().contains(value)
            && !taken.contains(reading.get(0))
            && graph.types().containsKey(reading.get(0).outputs().get(0));
    return alone ? Optional.of(reading.get(0)) : Optional.empty();
  }

  private static String otherOperand(Node add, String one) {
    return add.inputs().get(0).equals(one) ? add.inputs().get(1) : add.inputs().get(0);
  }

  private boolean isSameShape(String a, String b) {
    return graph.types().containsKey(a)
        && graph.requireType(a).shape().equals(graph.requireType(b).shape());
  }

  /** The other operand as one number per index of {@code axis}, if it is constant and is that. */
  private Optional<Tensor> channelBias(Node add, String other, int axis) {
    @Nullable Tensor tensor = graph.constants().get(other);
    Shape out = graph.requireType(add.outputs().get(0)).shape();
    if (tensor == null || !isSameShape(add.outputs().get(0), otherOperand(add, other))) {
      return Optional.empty();
    }
    int lead = out.rank() - tensor.shape().rank();
    for (int i = 0; i < tensor.shape().rank(); i++) {
      long expected = i + lead == axis ? out.dim(axis) : 1;
      if (tensor.shape().dim(i) != expected) {
        return Optional.empty();
      }
    }
    return axis >= lead ? Optional.of(tensor) : Optional.empty();
  }

  private boolean isConstant(Node node, int input) {
    return Operands.of(graph, node).value(input).isPresent();
  }
}
