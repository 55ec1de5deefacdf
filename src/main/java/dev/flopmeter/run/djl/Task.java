package dev.flopmeter.run.djl;

import dev.flopmeter.model.Node;
import dev.flopmeter.run.djl.kernel.Kernel;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A step to be: nodes that run together.
 *
 * @param main the node it is named after
 * @param nodes all nodes it serves, in order
 * @param inputs the values that the kernel's {@code x0}, ... stand for; empty names are left out
 * @param outputs the values written
 * @param kernel null to take the one of the (only) node
 */
record Task(
    Node main,
    List<Node> nodes,
    List<String> inputs,
    List<String> outputs,
    @Nullable Kernel kernel) {
  Task {
    nodes = List.copyOf(nodes);
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
  }

  static Task of(Node node) {
    return new Task(node, List.of(node), node.inputs(), node.outputs(), null);
  }

  String op() {
    return String.join("+", nodes.stream().map(Node::qualifiedOp).toList());
  }
}
