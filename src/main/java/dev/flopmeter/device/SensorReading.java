package dev.flopmeter.device;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The readings of a device's sensors at one moment; null where one is missing.
 *
 * @param utilization share of the last interval that the device was busy, 0 to 1
 * @param energyJoules a counter that only grows
 * @param processIds who uses the device; null where that is not told
 * @param cpuClockHz mean over the cores
 * @param cpuLoad runnable threads per core, one-minute average
 * @param throttleReasons why the clock is held back; empty where it is not
 * @param absent why a figure is not there, by its name in results
 */
public record SensorReading(
    @Nullable Double smClockHz,
    @Nullable Double memoryClockHz,
    @Nullable Double powerW,
    @Nullable Double powerLimitW,
    @Nullable Double energyJoules,
    @Nullable Double temperatureC,
    @Nullable Double utilization,
    @Nullable Long memoryUsedBytes,
    @Nullable List<Integer> processIds,
    @Nullable Double cpuClockHz,
    @Nullable Double cpuLoad,
    List<String> throttleReasons,
    Map<String, String> absent) {
  public SensorReading {
    processIds = processIds == null ? null : List.copyOf(processIds);
    throttleReasons = List.copyOf(throttleReasons);
    absent = Map.copyOf(absent);
  }

  /** Nothing but reasons. */
  static SensorReading none(Map<String, String> absent) {
    return new SensorReading(
        null, null, null, null, null, null, null, null, null, null, null, List.of(), absent);
  }
}
