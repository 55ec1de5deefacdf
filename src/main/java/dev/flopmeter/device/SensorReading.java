package dev.flopmeter.device;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The readings of a device's sensors at one moment.
 *
 * @param figures the reported figures
 * @param throttleReasons why the clock is reduced; empty if it is not
 * @param absent why a figure is absent, by its name in results
 */
public record SensorReading(
    Map<Figure, Double> figures, List<String> throttleReasons, Map<String, String> absent) {
  public SensorReading {
    figures = Map.copyOf(figures);
    throttleReasons = List.copyOf(throttleReasons);
    absent = Map.copyOf(absent);
  }

  /** What a sensor measures, with its name in results. */
  public enum Figure {
    SM_CLOCK("sm_clock_hz"),
    MEMORY_CLOCK("memory_clock_hz"),
    POWER("power_w"),
    POWER_LIMIT("power_limit_w"),
    /** A counter that only grows, in joules. */
    ENERGY("energy_j_per_inference"),
    TEMPERATURE("temperature_c"),
    /** Share of the last interval that the device was busy, 0 to 1. */
    UTILIZATION("utilization"),
    MEMORY_USED("memory_used_bytes"),
    /** The number of processes that use the device. */
    PROCESSES("other_processes"),
    /** Mean over the cores. */
    CPU_CLOCK("cpu_clock_hz"),
    /** Runnable threads per core, one-minute average. */
    CPU_LOAD("cpu_load");

    private final String label;

    Figure(String label) {
      this.label = label;
    }

    public String label() {
      return label;
    }
  }

  /** The figure; null if the device does not report it. */
  public @Nullable Double of(Figure figure) {
    return figures.get(figure);
  }
}
