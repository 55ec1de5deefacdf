package dev.flopmeter.count;

import dev.flopmeter.text.Csv;
import java.util.List;
import java.util.Map;

/**
 * Nodes of one operator whose work is not in the totals.
 *
 * @param reason why: no rule, or a shape that depends on data
 */
public record Uncounted(String op, String reason, List<String> nodes) {
  /** What is missing of known operators that have no rule, by qualified operator name. */
  static final Map<String, List<String>> REASONS = Csv.byWord(Uncounted.class, "uncounted.csv");

  public Uncounted {
    nodes = List.copyOf(nodes);
  }

  /** Why there is no rule for an operator. */
  static String reason(String qualifiedOp) {
    return REASONS.getOrDefault(qualifiedOp, List.of("no rule for this operator")).get(0);
  }

  public int count() {
    return nodes.size();
  }
}
