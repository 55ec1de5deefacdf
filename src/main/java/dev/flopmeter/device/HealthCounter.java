package dev.flopmeter.device;

import dev.flopmeter.text.Csv;
import java.util.List;

/**
 * One of a GPU's error counters, or a state that is 0 or 1. Counters begin anew when the GPU is
 * reset or the driver is loaded.
 *
 * @param field the number of its field, NVML_FI_DEV_...
 */
public record HealthCounter(String label, int field, boolean isState) {
  static final List<HealthCounter> ALL =
      Csv.rows(HealthCounter.class, "health-counters.csv").stream()
          .map(
              row ->
                  new HealthCounter(
                      row.get(0), Integer.parseInt(row.get(1)), row.get(2).equals("state")))
          .toList();

  /** Counters that a GPU has either all or none of, such as {@code ecc}. */
  String group() {
    return label.substring(0, label.indexOf('_'));
  }

  /** Whether the one with a label is a state. */
  public static boolean isState(String label) {
    return ALL.stream().anyMatch(one -> one.isState && one.label.equals(label));
  }
}
