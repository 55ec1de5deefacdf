package dev.flopmeter.model;

import dev.flopmeter.text.Csv;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What {@code operators.csv} says of an operator.
 *
 * @param traits names of {@link OperatorTrait}
 * @param weights the inputs that are slots for weights
 * @param data the inputs that hold data rather than arguments; null for all of them
 */
record OperatorRow(Set<String> traits, Set<Integer> weights, @Nullable Set<Integer> data) {
  private static final OperatorRow UNLISTED = new OperatorRow(Set.of(), Set.of(), null);
  private static final Map<String, OperatorRow> ALL = read();

  static Map<String, OperatorRow> all() {
    return ALL;
  }

  static OperatorRow of(Node node) {
    return ALL.getOrDefault(node.qualifiedOp(), UNLISTED);
  }

  private static Map<String, OperatorRow> read() {
    Map<String, OperatorRow> rows = new HashMap<>();
    for (List<String> row : Csv.rows(OperatorRow.class, "operators.csv")) {
      Set<Integer> weights = slots(row.get(2));
      Set<Integer> data = row.get(3).isEmpty() ? null : slots(row.get(3));
      Set<String> traits = Set.of(row.get(1).split(" ", -1));
      rows.put(row.get(0), new OperatorRow(traits, weights, weights.isEmpty() ? data : weights));
    }
    return Collections.unmodifiableMap(rows);
  }

  /** Indices of inputs, {@code none} or nothing. */
  private static Set<Integer> slots(String text) {
    return text.isEmpty() || text.equals("none")
        ? Set.of()
        : Arrays.stream(text.split(" ", -1)).map(Integer::valueOf).collect(Collectors.toSet());
  }
}
