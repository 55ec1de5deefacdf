package dev.flopmeter.count;

import java.util.List;

/**
 * Nodes of one operator whose work is not in the totals.
 *
 * @param reason why: no rule, or a shape that depends on data
 */
public record Uncounted(String op, String reason, List<String> nodes) {
  public Uncounted {
    nodes = List.copyOf(nodes);
  }

  public int count() {
    return nodes.size();
  }
}
