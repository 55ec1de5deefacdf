package dev.flopmeter.count;

import dev.flopmeter.text.Csv;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Known operators that have no rule, and what is missing: the rows of {@code uncounted.csv}. */
final class UncountedOperators {
  private static final Map<String, String> REASONS = read();

  private UncountedOperators() {}

  private static Map<String, String> read() {
    Map<String, String> reasons = new HashMap<>();
    for (List<String> row : Csv.rows(UncountedOperators.class, "uncounted.csv")) {
      for (String operator : row.get(0).split(" ", -1)) {
        reasons.put("com.microsoft:" + operator, row.get(1));
      }
    }
    return Map.copyOf(reasons);
  }

  /** The reasons by qualified operator name. */
  static Map<String, String> all() {
    return REASONS;
  }

  static String reason(String qualifiedOp) {
    return REASONS.getOrDefault(qualifiedOp, "no rule for this operator");
  }
}
