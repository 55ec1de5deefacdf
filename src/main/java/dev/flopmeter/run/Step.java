package dev.flopmeter.run;

import dev.flopmeter.result.KernelInfo;
import java.util.List;

/**
 * What a backend launches and times: one node of the graph, or several fused ones.
 *
 * @param name the name of its main node
 * @param op the main node's qualified operator, fused ones joined by {@code +}
 * @param nodes names of all graph nodes it serves, in order; empty for a step the backend adds
 *     itself, such as a layout conversion
 */
public record Step(String name, String op, List<String> nodes, KernelInfo kernel) {
  public Step {
    nodes = List.copyOf(nodes);
  }

  /** This as the step of other nodes. */
  public Step serving(List<String> others) {
    return new Step(name, op, others, kernel);
  }
}
