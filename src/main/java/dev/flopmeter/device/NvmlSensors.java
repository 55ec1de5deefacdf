package dev.flopmeter.device;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.PointerByReference;
import dev.flopmeter.device.SensorReading.Figure;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;

/**
 * A GPU's sensors through NVML, which comes with the driver. It reads and never sets anything. A
 * figure that the library, the driver or the card does not report is absent, with the reason.
 */
final class NvmlSensors implements SensorSource {
  // Numbers of nvmlClockType_t and nvmlTemperatureSensors_t.
  private static final int CLOCK_SM = 1;
  private static final int CLOCK_MEMORY = 2;
  private static final int TEMPERATURE_GPU = 0;

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

  /** Share of its GPU's memory that a MIG instance has; nothing where NVML does not tell. */
  static Optional<Double> memoryShare(String uuid) {
    try (Nvml nvml = Nvml.open(Nvml.LIBRARY)) {
      NvmlCalls calls = new NvmlCalls(nvml);
      Pointer part = calls.handle("", "nvmlDeviceGetHandleByUUID", uuid);
      if (part == null) {
        return Optional.empty();
      }
      Pointer gpu = calls.handle("", "nvmlDeviceGetDeviceHandleFromMigDeviceHandle", part);
      if (gpu == null) {
        return Optional.empty();
      }
      Long bytes = calls.ask("", result -> result.getLong(0), "nvmlDeviceGetMemoryInfo", gpu);
      return Optional.ofNullable(
              calls.ask(
                  "",
                  attributes -> NodeSampler.part(attributes, 1, bytes).memory(),
                  "nvmlDeviceGetAttributes_v2",
                  part))
          .filter(share -> share > 0);
    } catch (LibraryException e) {
      return Optional.empty();
    }
  }

  @Override
  public OptionalDouble defaultSmClockHz() {
    return defaultSmClockHz;
  }

  private OptionalDouble defaultClock() {
    Round round = new Round(nvml, new NvmlCalls(nvml), device);
    round.ask(
        Figure.SM_CLOCK,
        NvmlSensors::hertz,
        "nvmlDeviceGetDefaultApplicationsClock",
        device,
        CLOCK_SM);
    if (round.figures.isEmpty()) {
      round.ask(Figure.SM_CLOCK, NvmlSensors::hertz, "nvmlDeviceGetMaxClockInfo", device, CLOCK_SM);
    }
    return round.found(Figure.SM_CLOCK);
  }

  @Override
  public OptionalDouble energyJoules() {
    Round round = new Round(nvml, new NvmlCalls(nvml), device);
    round.askEnergy();
    return round.found(Figure.ENERGY);
  }

  @Override
  public SensorReading read() {
    Round round = new Round(nvml, new NvmlCalls(nvml), device);
    String clock = "nvmlDeviceGetClockInfo";
    round.ask(Figure.SM_CLOCK, NvmlSensors::hertz, clock, device, CLOCK_SM);
    round.ask(Figure.MEMORY_CLOCK, NvmlSensors::hertz, clock, device, CLOCK_MEMORY);
    round.askPower();
    round.ask(Figure.POWER_LIMIT, NvmlSensors::watts, "nvmlDeviceGetEnforcedPowerLimit", device);
    Double utilization = round.calls.utilization(Figure.UTILIZATION.label(), device);
    if (utilization != null) {
      round.figures.put(Figure.UTILIZATION, utilization);
    }
    round.ask(
        Figure.MEMORY_USED, bytes -> (double) bytes.getLong(16), "nvmlDeviceGetMemoryInfo", device);
    round.askProcesses();
    List<String> throttled = round.calls.throttleReasons("throttle_reasons", device);
    return new SensorReading(round.figures, throttled, round.calls.absent());
  }

  @Override
  public void close() {
    nvml.close();
  }

  /** One round of calls: the figures, or why they are absent. */
  record Round(Nvml nvml, NvmlCalls calls, Pointer device, Map<Figure, Double> figures) {
    Round(Nvml nvml, NvmlCalls calls, Pointer device) {
      this(nvml, calls, device, new EnumMap<>(Figure.class));
    }

    void ask(Figure figure, Function<Memory, Double> value, String function, Object... arguments) {
      Double found = calls.ask(figure.label(), value, function, arguments);
      if (found != null) {
        figures.put(figure, found);
      }
    }

    /** Also asks what the GPU draws and how warm it is. */
    Map<Figure, Double> askPower() {
      ask(Figure.POWER, NvmlSensors::watts, "nvmlDeviceGetPowerUsage", device);
      askEnergy();
      ask(
          Figure.TEMPERATURE,
          celsius -> (double) celsius.getInt(0),
          "nvmlDeviceGetTemperature",
          device,
          TEMPERATURE_GPU);
      return figures;
    }

    void askEnergy() {
      ask(
          Figure.ENERGY,
          millijoules -> millijoules.getLong(0) / 1e3,
          "nvmlDeviceGetTotalEnergyConsumption",
          device);
    }

    /** Without room for the processes, the call fails but tells their number. */
    void askProcesses() {
      IntByReference count = new IntByReference(0);
      String function =
          nvml.available(
              "nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2");
      try {
        int status = nvml.call(function, device, count, Pointer.NULL);
        if (status == Nvml.INSUFFICIENT_SIZE || calls.isSuccess(Figure.PROCESSES.label(), status)) {
          figures.put(Figure.PROCESSES, (double) count.getValue());
        }
      } catch (LibraryException e) {
        calls.absent().put(Figure.PROCESSES.label(), e.getMessage());
      }
    }

    OptionalDouble found(Figure figure) {
      Double value = figures.get(figure);
      return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
    }
  }
}
