package dev.flopmeter.count;

import dev.flopmeter.text.Csv;
import java.util.List;
import java.util.Map;

/** Known operators that have no rule, and what is missing. */
final class UncountedOperators {
  /** The reasons by qualified operator name. */
  static final Map<String, List<String>> REASONS =
      Csv.byWord(UncountedOperators.class, "uncounted.csv");

  private UncountedOperators() {}

  static String reason(String qualifiedOp) {
    return REASONS.getOrDefault(qualifiedOp, List.of("no rule for this operator")).get(0);
  }
}
