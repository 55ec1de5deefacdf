package dev.flopmeter.model;

import dev.flopmeter.text.Csv;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A row of {@code operators.csv}.
 *
 * @param traits those that are listed, and those that have them as a part
 * @param weights the inputs that are slots for weights
 * @param data the inputs that hold data rather than arguments; null for all of them
 */
record OperatorRow(Set<OperatorTrait> traits, Set<Integer> weights, @Nullable Set<Integer> data) {
  private static final OperatorRow UNLISTED = new OperatorRow(Set.of(), Set.of(), null);
  private static final Map<String, String> LINES =
      Csv.linesByWord(OperatorRow.class, "operators.csv");

  /** The rows that were needed so far. */
  private static final Map<String, OperatorRow> READ = new ConcurrentHashMap<>();

  /** The qualified names of all operators that are listed. */
  static Set<String> operators() {
    return LINES.keySet();
  }

  static OperatorRow of(String qualifiedOp) {
    OperatorRow row = READ.get(qualifiedOp);
    if (row == null) {
      String line = LINES.get(qualifiedOp);
      row = line == null ? UNLISTED : read(Csv.split(line));
      if (line != null) {
        READ.put(qualifiedOp, row);
      }
    }
    return row;
  }

  private static OperatorRow read(List<String> row) {
    Set<String> listed = Set.of(row.get(1).split(" ", -1));
    Set<OperatorTrait> traits = EnumSet.noneOf(OperatorTrait.class);
    for (OperatorTrait trait : OperatorTrait.values()) { // parts precede what they are parts of
      if (listed.contains(trait.name()) || trait.hasPart(traits)) {
        traits.add(trait);
      }
    }
    Set<Integer> weights = slots(row.get(2));
    Set<Integer> data = row.get(3).isEmpty() ? null : slots(row.get(3));
    return new OperatorRow(traits, weights, weights.isEmpty() ? data : weights);
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
