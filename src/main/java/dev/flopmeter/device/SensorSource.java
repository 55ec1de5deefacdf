package dev.flopmeter.device;

import java.util.OptionalDouble;

/** Reads a device's sensors. One thread at a time. */
public interface SensorSource extends AutoCloseable {
  SensorReading read();

  /** The energy counter alone, which is what a window of energy needs. */
  OptionalDouble energyJoules();

  /** The clock that the SMs run at when nothing holds them back; nothing where it is not told. */
  OptionalDouble defaultSmClockHz();

  @Override
  void close();

  /** The sensors of a device; for a device without any, readings that hold the reason. */
  static SensorSource of(Device device) {
    return device.kind() == DeviceKind.CUDA ? NvmlSensors.open(device) : CpuSensors.here();
  }
}
