package dev.flopmeter.device;

import dev.flopmeter.device.SensorReading.Figure;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;

/** Reads a device's sensors. One thread at a time. */
public interface SensorSource extends AutoCloseable {
  SensorReading read();

  /** The energy counter alone, which is enough to measure energy. */
  default OptionalDouble energyJoules() {
    return OptionalDouble.empty();
  }

  /** The default clock of the SMs; nothing if it is unknown. */
  default OptionalDouble defaultSmClockHz() {
    return OptionalDouble.empty();
  }

  @Override
  default void close() {}

  /** The sensors of a device; for a device without any, readings that hold the reason. */
  static SensorSource of(Device device) {
    return device.kind() == DeviceKind.CUDA
        ? NvmlSensors.open(device, Nvml.LIBRARY)
        : new CpuSensors(Path.of("/sys"), Path.of("/proc"));
  }

  /** A GPU whose sensors cannot be read, and why. */
  static SensorSource unreadable(String reason) {
    Map<String, String> absent = new TreeMap<>(Map.of("throttle_reasons", reason));
    EnumSet.range(Figure.SM_CLOCK, Figure.PROCESSES)
        .forEach(figure -> absent.put(figure.label(), reason));
    SensorReading nothing = new SensorReading(Map.of(), List.of(), absent);
    return () -> nothing;
  }
}
