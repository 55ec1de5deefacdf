package dev.flopmeter.model;

import dev.flopmeter.text.Csv;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What {@code operators.csv} says of an operator.
 *
 * @param weights the inputs that are slots for weights
 * @param data the inputs that hold data rather than arguments; null for all of them
 */
record OperatorRow(Set<Integer> weights, @Nullable Set<Integer> data) {
  private static final OperatorRow UNLISTED = new OperatorRow(Set.of(), null);
  private static final Map<String, OperatorRow> ALL = new HashMap<>();
  private static final Map<String, Set<String>> BY_TRAIT = new HashMap<>();

  static {
    for (List<String> row : Csv.rows(OperatorRow.class, "operators.csv")) {
      Set<Integer> weights = slots(row.get(2));
      Set<Integer> data = row.get(3).isEmpty() ? null : slots(row.get(3));
      ALL.put(row.get(0), new OperatorRow(weights, weights.isEmpty() ? data : weights));
      for (String trait : row.get(1).split(" ", -1)) {
        BY_TRAIT.computeIfAbsent(trait, any -> new HashSet<>()).add(row.get(0));
      }
    }
  }

  /** The qualified names of the operators with the trait of this name. */
  static Set<String> operators(String trait) {
    return BY_TRAIT.getOrDefault(trait, Set.of());
  }

  static OperatorRow of(Node node) {
    return ALL.getOrDefault(node.qualifiedOp(), UNLISTED);
  }

  /** Indices of inputs, {@code none} or nothing. */
  private static Set<Integer> slots(String text) {
    if (text.isEmpty() || text.equals("none")) {
      return Set.of();
    }
    Set<Integer> slots = new HashSet<>();
    for (String slot : text.split(" ", -1)) {
      slots.add(Integer.valueOf(slot));
    }
    return slots;
  }
}
