package dev.flopmeter.run.djl;

import dev.flopmeter.model.Node;
import dev.flopmeter.run.djl.kernel.Kernel;
import dev.flopmeter.run.fuse.Fused;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A planned step: nodes that run together.
 *
 * @param inputs names of the values for the kernel's inputs 0, 1, ...; empty for an input left out
 * @param outputs names of the values written
 * @param kernel null for the kernel of the main node
 */
record Task(Fused fused, List<String> inputs, List<String> outputs, @Nullable Kernel kernel) {
  Task {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
  }

  static Task of(Node node) {
    return new Task(new Fused.Single(node), node.inputs(), node.outputs(), null);
  }

  static Task of(Fused fused, List<String> inputs, Kernel kernel) {
    return new Task(fused, inputs, fused.last().outputs(), kernel);
  }

  /** The node that gives the step its name. */
  Node main() {
    return fused.main();
  }
}
