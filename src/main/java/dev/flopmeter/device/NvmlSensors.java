package dev.flopmeter.device;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import dev.flopmeter.device.SensorReading.Figure;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/**
 * A GPU's sensors through NVML, which comes with the driver. It reads and never sets anything. A
 * figure that the library, the driver or the card does not report is absent, with the reason.
 */
final class NvmlSensors implements SensorSource {
  // Numbers of nvmlClockType_t and nvmlTemperatureSensors_t.
  private static final int CLOCK_SM = 1;
  private static final int CLOCK_MEMORY = 2;
  private static final int TEMPERATURE_GPU = 0;

  /** The largest result of a call: the memory in total, free and used. */
  private static final int RESULT_BYTES = 24;

  private final Nvml nvml;
  private final Pointer device;
  private final OptionalDouble defaultSmClockHz;

  private NvmlSensors(Nvml nvml, Pointer device) {
    this.nvml = nvml;
    this.device = device;
    this.defaultSmClockHz = defaultClock();
  }

  /** A clock, which NVML gives in MHz. */
  private static double hertz(Memory result) {
    return result.getInt(0) * 1e6;
  }

  /** A power, which NVML gives in mW. */
  private static double watts(Memory result) {
    return result.getInt(0) / 1e3;
  }

  /** The sensors of a CUDA device; without NVML, readings that hold the reason. */
  static SensorSource open(Device device) {
    return open(device, Nvml.LIBRARY);
  }

  static SensorSource open(Device device, String library) {
    try {
      Nvml nvml = Nvml.open(library);
      return new NvmlSensors(nvml, handle(nvml, device));
    } catch (LibraryException e) {
      return SensorSource.unreadable(String.valueOf(e.getMessage()));
    }
  }

  /** NVML's own numbering ignores CUDA_VISIBLE_DEVICES, so that ids decide, never the ordinal. */
  private static Pointer handle(Nvml nvml, Device device) throws LibraryException {
    PointerByReference handle = new PointerByReference();
    String uuid = device.properties().get("uuid");
    int status = -1;
    if (uuid != null) {
      status = nvml.call("nvmlDeviceGetHandleByUUID", uuid, handle);
    }
    String bus = device.properties().get("pci_bus_id");
    if (status != Nvml.SUCCESS && bus != null) {
      status = nvml.call("nvmlDeviceGetHandleByPciBusId_v2", bus, handle);
    }
    if (status != Nvml.SUCCESS) {
      throw new LibraryException(
          "NVML does not know "
              + device.id()
              + (status < 0 ? ", which reports no id" : ": " + nvml.message(status)));
    }
    return handle.getValue();
  }

  @Override
  public OptionalDouble defaultSmClockHz() {
    return defaultSmClockHz;
  }

  private OptionalDouble defaultClock() {
    Round round = new Round();
    round.ask(
        Figure.SM_CLOCK, NvmlSensors::hertz, "nvmlDeviceGetDefaultApplicationsClock", CLOCK_SM);
    if (round.figures.isEmpty()) {
      round.ask(Figure.SM_CLOCK, NvmlSensors::hertz, "nvmlDeviceGetMaxClockInfo", CLOCK_SM);
    }
    return round.found(Figure.SM_CLOCK);
  }

  @Override
  public OptionalDouble energyJoules() {
    Round round = new Round();
    round.askEnergy();
    return round.found(Figure.ENERGY);
  }

  @Override
  public SensorReading read() {
    Round round = new Round();
    round.ask(Figure.SM_CLOCK, NvmlSensors::hertz, "nvmlDeviceGetClockInfo", CLOCK_SM);
    round.ask(Figure.MEMORY_CLOCK, NvmlSensors::hertz, "nvmlDeviceGetClockInfo", CLOCK_MEMORY);
    round.ask(Figure.POWER, NvmlSensors::watts, "nvmlDeviceGetPowerUsage");
    round.ask(Figure.POWER_LIMIT, NvmlSensors::watts, "nvmlDeviceGetEnforcedPowerLimit");
    round.askEnergy();
    round.ask(
        Figure.TEMPERATURE,
        memory -> memory.getInt(0),
        "nvmlDeviceGetTemperature",
        TEMPERATURE_GPU);
    round.ask(
        Figure.UTILIZATION, memory -> memory.getInt(0) / 100.0, "nvmlDeviceGetUtilizationRates");
    round.ask(Figure.MEMORY_USED, memory -> memory.getLong(16), "nvmlDeviceGetMemoryInfo");
    round.askProcesses();
    return new SensorReading(round.figures, round.throttleReasons(), round.absent);
  }

  @Override
  public void close() {
    nvml.close();
  }

  /** One round of calls: the figures, or why they are absent. */
  private final class Round {
    private final Map<Figure, Double> figures = new EnumMap<>(Figure.class);
    private final Map<String, String> absent = new TreeMap<>();

    /** Calls a function that takes the device, {@code arguments} and where the result goes. */
    void ask(Figure figure, ToDoubleFunction<Memory> value, String function, int... arguments) {
      try (Memory result = new Memory(RESULT_BYTES)) {
        boolean succeeds =
            arguments.length == 0
                ? succeeds(figure.label(), function, device, result)
                : succeeds(figure.label(), function, device, arguments[0], result);
        if (succeeds) {
          figures.put(figure, value.applyAsDouble(result));
        }
      }
    }

    private boolean succeeds(String figure, String function, Object... arguments) {
      try {
        int status = nvml.call(function, arguments);
        if (status == Nvml.SUCCESS) {
          return true;
        }
        absent.put(figure, nvml.message(status));
      } catch (LibraryException e) {
        absent.put(figure, e.getMessage());
      }
      return false;
    }

    void askEnergy() {
      ask(
          Figure.ENERGY,
          millijoules -> millijoules.getLong(0) / 1e3,
          "nvmlDeviceGetTotalEnergyConsumption");
    }

    /** Without room for the processes, the call fails but tells their number. */
    void askProcesses() {
      IntByReference count = new IntByReference(0);
      String function =
          nvml.available(
              "nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2");
      try {
        int status = nvml.call(function, device, count, Pointer.NULL);
        if (status == Nvml.SUCCESS || status == Nvml.INSUFFICIENT_SIZE) {
          figures.put(Figure.PROCESSES, (double) count.getValue());
        } else {
          absent.put(Figure.PROCESSES.label(), nvml.message(status));
        }
      } catch (LibraryException e) {
        absent.put(Figure.PROCESSES.label(), e.getMessage());
      }
    }

    List<String> throttleReasons() {
      String function =
          nvml.available(
              "nvmlDeviceGetCurrentClocksEventReasons",
              "nvmlDeviceGetCurrentClocksThrottleReasons");
      LongByReference mask = new LongByReference();
      return succeeds("throttle_reasons", function, device, mask)
          ? ThrottleReason.of(mask.getValue())
          : List.of();
    }

    OptionalDouble found(Figure figure) {
      Double value = figures.get(figure);
      return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
    }
  }
}
