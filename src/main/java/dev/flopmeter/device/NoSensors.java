package dev.flopmeter.device;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** A device whose sensors cannot be read, and why. */
record NoSensors(String reason) implements SensorSource {
  private static final List<String> FIGURES =
      List.of(
          "sm_clock_hz",
          "memory_clock_hz",
          "power_w",
          "power_limit_w",
          "energy_j_per_inference",
          "temperature_c",
          "utilization",
          "memory_used_bytes",
          "other_processes",
          "throttle_reasons");

  @Override
  public SensorReading read() {
    Map<String, String> absent = new LinkedHashMap<>();
    FIGURES.forEach(figure -> absent.put(figure, reason));
    return SensorReading.none(absent);
  }

  @Override
  public OptionalDouble energyJoules() {
    return OptionalDouble.empty();
  }

  @Override
  public OptionalDouble defaultSmClockHz() {
    return OptionalDouble.empty();
  }

  @Override
  public void close() {}
}
