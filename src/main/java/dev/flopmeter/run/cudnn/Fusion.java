package dev.flopmeter.run.cudnn;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
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
 * normalisation, bias, residual sum and rectifier that follow it. A value that anything else reads
 * is never swallowed.
 */
final class Fusion {
  private final Graph graph;
  private final Map<String, List<Node>> readers = new HashMap<>();
  private final Set<Node> taken = new HashSet<>();
  private final Map<Node, Integer> positions = new HashMap<>();

  private Fusion(Graph graph) {
    this.graph = graph;
    for (int i = 0; i < graph.nodes().size(); i++) {
      Node node = graph.nodes().get(i);
      positions.put(node, i);
      for (String input : node.inputs()) {
        readers.computeIfAbsent(input, name -> new ArrayList<>()).add(node);
      }
    }
  }

  /** The graph's nodes in groups, in an order in which they can run. */
  static List<Group> of(Graph graph, boolean fuse) {
    return fuse ? new Fusion(graph).groups() : graph.nodes().stream().map(Group::of).toList();
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
    return new Group(conv, nodes, batchNorm, bias, residual, relu);
  }

  private Group product(Node product) {
    List<Node> nodes = new ArrayList<>(List.of(product));
    if (!isConstant(product, 1) || graph.requireType(product.inputs().get(1)).shape().rank() != 2) {
      return Group.of(product);
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
    return new Group(product, nodes, null, bias, null, relu);
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
