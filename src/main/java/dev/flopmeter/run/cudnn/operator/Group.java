package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Node;
import dev.flopmeter.model.Tensor;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Nodes that run as one step.
 *
 * @param main the one that does the work
 * @param nodes all of them in order, the main one first
 * @param batchNorm folded into the weights
 * @param bias added per output channel, beside what the main node has
 * @param residual a value added to the result before the activation
 * @param attention where the nodes are those of an attention, the first product the main one
 */
record Group(
    Node main,
    List<Node> nodes,
    @Nullable Node batchNorm,
    @Nullable Tensor bias,
    @Nullable String residual,
    boolean relu,
    @Nullable Attention attention) {
  static final String FUSED_CONVOLUTION = "com.microsoft:FusedConv";
  static final String FUSED_GEMM = "com.microsoft:FusedGemm";
  private static final Set<String> FUSED = Set.of(FUSED_CONVOLUTION, FUSED_GEMM);

  /**
   * The rest of an attention.
   *
   * @param scale of the scores
   * @param added to the scores then
   * @param values that the shares weigh
   * @param turned the transposition that gives the keys, where nothing else reads it
   */
  record Attention(double scale, @Nullable String added, String values, @Nullable Node turned) {}

  Group {
    nodes = List.copyOf(nodes);
  }

  /** A node alone. What ONNX Runtime has fused to one is part of it. */
  static Group of(Node node) {
    boolean isFused = FUSED.contains(node.qualifiedOp());
    boolean hasResidual = node.qualifiedOp().equals(FUSED_CONVOLUTION) && node.hasInput(3);
    boolean relu = isFused && node.attributes().text("activation", "").equals("Relu");
    String residual = hasResidual ? node.inputs().get(3) : null;
    return new Group(node, List.of(node), null, null, residual, relu, null);
  }

  /** The value it gives. */
  String output() {
    return nodes.get(nodes.size() - 1).outputs().get(0);
  }

  String op() {
    return nodes.stream().map(Node::qualifiedOp).collect(Collectors.joining("+"));
  }
}
