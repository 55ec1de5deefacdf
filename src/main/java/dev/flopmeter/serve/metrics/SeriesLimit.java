package dev.flopmeter.serve.metrics;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Chooses the published series if there are more than the limit. Whole units are left out, so that
 * a workload has all its layers or none; within a part the units that come first in the
 * configuration stay.
 */
final class SeriesLimit {
  /** Owners that a message names. */
  private static final int NAMED = 3;

  private final int most;
  private final Map<String, Integer> ranks = new HashMap<>();

  /**
   * @param most series in all
   * @param workloads in the order of the configuration
   */
  SeriesLimit(int most, List<String> workloads) {
    this.most = most;
    workloads.forEach(name -> ranks.put(name, ranks.size()));
  }

  /**
   * Series that are published together or not at all.
   *
   * @param owner a workload, a device, or empty for the daemon itself
   */
  record Unit(Part part, String owner) {}

  /**
   * @param series how many they are
   * @param leftOut series of each part that are not among them
   * @param owners whose series these are, in order
   */
  record Selection(
      Set<Unit> published, int series, Map<Part, Integer> leftOut, Map<Part, List<String>> owners) {

    int leftOut(Part part) {
      return leftOut.getOrDefault(part, 0);
    }

    /** What is left out, in words: {@code layers of a, b, c and 9 more (840 series)}. */
    String describe() {
      List<String> parts = new ArrayList<>();
      leftOut.forEach((part, count) -> parts.add(part.label() + of(part) + " (" + count + ")"));
      return String.join(", ", parts);
    }

    private String of(Part part) {
      List<String> names = owners.getOrDefault(part, List.of());
      if (names.isEmpty()) {
        return "";
      }
      int more = names.size() - NAMED;
      return " of "
          + String.join(", ", names.subList(0, Math.min(NAMED, names.size())))
          + (more > 0 ? " and " + more + " more" : "");
    }
  }

  int most() {
    return most;
  }

  /** Selects among units, given the number of series of each. */
  Selection select(Map<Unit, Integer> sizes) {
    List<Unit> units = new ArrayList<>(sizes.keySet());
    units.sort(
        Comparator.comparing(Unit::part)
            .thenComparing(
                unit ->
                    unit.owner().isEmpty()
                        ? -1
                        : ranks.getOrDefault(unit.owner(), Integer.MAX_VALUE))
            .thenComparing(Unit::owner));
    Set<Unit> published = new HashSet<>();
    Map<Part, Integer> leftOut = new EnumMap<>(Part.class);
    Map<Part, List<String>> owners = new EnumMap<>(Part.class);
    int series = 0;
    for (Unit unit : units) {
      int size = sizes.getOrDefault(unit, 0);
      if (series + size <= most) {
        published.add(unit);
        series += size;
      } else {
        leftOut.merge(unit.part(), size, Integer::sum);
        if (!unit.owner().isEmpty()) {
          owners.computeIfAbsent(unit.part(), part -> new ArrayList<>()).add(unit.owner());
        }
      }
    }
    return new Selection(published, series, leftOut, owners);
  }
}
