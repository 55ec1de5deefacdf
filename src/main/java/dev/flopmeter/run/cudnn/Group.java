package dev.flopmeter.run.cudnn;

import dev.flopmeter.model.Node;
import dev.flopmeter.model.Tensor;
import java.util.List;
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
 */
record Group(
    Node main,
    List<Node> nodes,
    @Nullable Node batchNorm,
    @Nullable Tensor bias,
    @Nullable String residual,
    boolean relu) {
  Group {
    nodes = List.copyOf(nodes);
  }

  static Group of(Node node) {
    return new Group(node, List.of(node), null, null, null, false);
  }

  /** The value it gives. */
  String output() {
    return nodes.get(nodes.size() - 1).outputs().get(0);
  }

  String op() {
    return nodes.stream().map(Node::qualifiedOp).collect(Collectors.joining("+"));
  }
}
