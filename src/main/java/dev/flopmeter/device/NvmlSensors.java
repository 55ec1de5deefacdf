package dev.flopmeter.device;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import dev.flopmeter.device.NodeSample.Part;
import dev.flopmeter.device.SensorReading.Figure;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A GPU's sensors through NVML, which comes with the driver. It reads and never sets anything. A
 * figure that the library, the driver or the card does not report is absent, with the reason.
 */
record NvmlSensors(Nvml nvml, Pointer device) implements SensorSource {
  // Values of nvmlClockType_t and nvmlTemperatureSensors_t.
  private static final int CLOCK_SM = 1;
  private static final int CLOCK_MEMORY = 2;
  private static final int TEMPERATURE_GPU = 0;

  private static final List<Integer> NONE = List.of();

  private static final List<Call> CALLS =
      List.of(
          new Call(Figure.SM_CLOCK, "ClockInfo", List.of(CLOCK_SM), NvmlSensors::hertz),
          new Call(Figure.MEMORY_CLOCK, "ClockInfo", List.of(CLOCK_MEMORY), NvmlSensors::hertz),
          new Call(Figure.POWER, "PowerUsage", NONE, NvmlSensors::watts),
          new Call(Figure.POWER_LIMIT, "EnforcedPowerLimit", NONE, NvmlSensors::watts),
          new Call(Figure.ENERGY, "TotalEnergyConsumption", NONE, mj -> mj.getLong(0) / 1e3),
          new Call(
              Figure.TEMPERATURE,
              "Temperature",
              List.of(TEMPERATURE_GPU),
              celsius -> (double) celsius.getInt(0)),
          new Call(Figure.MEMORY_USED, "MemoryInfo", NONE, bytes -> (double) bytes.getLong(16)));

  /**
   * The NVML call for a figure.
   *
   * @param function without nvmlDeviceGet
   * @param arguments between the device and the result
   */
  private record Call(
      Figure figure, String function, List<Integer> arguments, Function<Memory, Double> value) {}

  /** A clock, which NVML gives in MHz. */
  private static double hertz(Memory result) {
    return result.getInt(0) * 1e6;
  }

  /** A power, which NVML gives in mW. */
  private static double watts(Memory result) {
    return result.getInt(0) / 1e3;
  }

  /** The sensors of a CUDA device; without NVML, readings that hold the reason. */
  static SensorSource open(Device device, String library) {
    try {
      Nvml nvml = Nvml.open(library);
      return new NvmlSensors(nvml, handle(new NvmlCalls(nvml), device));
    } catch (LibraryException e) {
      return SensorSource.unreadable(e.getMessage());
    }
  }

  /** NVML's own numbering ignores CUDA_VISIBLE_DEVICES, so ids are used, never the ordinal. */
  private static Pointer handle(NvmlCalls calls, Device device) throws LibraryException {
    String uuid = device.properties().get("uuid");
    String bus = device.properties().get("pci_bus_id");
    Pointer handle = uuid == null ? null : calls.handle("id", "nvmlDeviceGetHandleByUUID", uuid);
    if (handle == null && bus != null) {
      handle = calls.handle("id", "nvmlDeviceGetHandleByPciBusId_v2", bus);
    }
    if (handle == null) {
      String reason = calls.absent().get("id");
      throw new LibraryException(
          "NVML does not know "
              + device.id()
              + (reason == null ? ", which reports no id" : ": " + reason));
    }
    return handle;
  }

  /** A MIG instance's share of its GPU's memory; nothing if NVML does not report it. */
  static Optional<Double> memoryShare(String uuid) {
    try (Nvml nvml = Nvml.open(Nvml.LIBRARY)) {
      NvmlCalls calls = new NvmlCalls(nvml);
      Pointer part = calls.handle("", "nvmlDeviceGetHandleByUUID", uuid);
      Pointer gpu =
          part == null
              ? null
              : calls.handle("", "nvmlDeviceGetDeviceHandleFromMigDeviceHandle", part);
      Part of = part == null || gpu == null ? null : calls.part(part, 1, calls.totalBytes(gpu));
      return of == null || of.memory() == 0 ? Optional.empty() : Optional.of(of.memory());
    } catch (LibraryException e) {
      return Optional.empty();
    }
  }

  /** The reported ones of some figures. */
  static Map<Figure, Double> ask(NvmlCalls calls, Pointer device, Collection<Figure> wanted) {
    Map<Figure, Double> found = new EnumMap<>(Figure.class);
    for (Call call : CALLS) {
      if (wanted.contains(call.figure)) {
        Object[] arguments = Stream.concat(Stream.of(device), call.arguments.stream()).toArray();
        String function = "nvmlDeviceGet" + call.function;
        Double value = calls.ask(call.figure.label(), call.value, function, arguments);
        if (value != null) {
          found.put(call.figure, value);
        }
      }
    }
    return found;
  }

  @Override
  public OptionalDouble defaultSmClockHz() {
    NvmlCalls calls = new NvmlCalls(nvml);
    for (String clock : List.of("DefaultApplicationsClock", "MaxClockInfo")) {
      Double hertz = calls.ask("", NvmlSensors::hertz, "nvmlDeviceGet" + clock, device, CLOCK_SM);
      if (hertz != null) {
        return OptionalDouble.of(hertz);
      }
    }
    return OptionalDouble.empty();
  }

  @Override
  public OptionalDouble energyJoules() {
    Double joules = ask(new NvmlCalls(nvml), device, List.of(Figure.ENERGY)).get(Figure.ENERGY);
    return joules == null ? OptionalDouble.empty() : OptionalDouble.of(joules);
  }

  @Override
  public SensorReading read() {
    NvmlCalls calls = new NvmlCalls(nvml);
    Map<Figure, Double> figures = ask(calls, device, EnumSet.allOf(Figure.class));
    Double utilization = calls.utilization(Figure.UTILIZATION.label(), device);
    if (utilization != null) {
      figures.put(Figure.UTILIZATION, utilization);
    }
    processes(calls).ifPresent(count -> figures.put(Figure.PROCESSES, (double) count));
    List<String> throttled = calls.throttleReasons("throttle_reasons", device);
    return new SensorReading(figures, throttled, calls.absent());
  }

  /** If the buffer is too small for the processes, the call fails but returns their number. */
  private OptionalInt processes(NvmlCalls calls) {
    String figure = Figure.PROCESSES.label();
    String name = "nvmlDeviceGetComputeRunningProcesses_v";
    IntByReference count = new IntByReference();
    try {
      String function = nvml.available(name + 3, name + 2);
      int status = nvml.library().call(function, device, count, Pointer.NULL);
      if (status == Nvml.INSUFFICIENT_SIZE || calls.isSuccess(figure, status)) {
        return OptionalInt.of(count.getValue());
      }
    } catch (LibraryException e) {
      calls.absent().put(figure, e.getMessage());
    }
    return OptionalInt.empty();
  }

  @Override
  public void close() {
    nvml.close();
  }
}
