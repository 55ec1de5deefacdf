package dev.flopmeter.device;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import dev.flopmeter.device.NodeSample.Part;
import dev.flopmeter.device.SensorReading.Figure;
import dev.flopmeter.text.Csv;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * A GPU's sensors through NVML, which comes with the driver. It reads and never sets anything. A
 * figure that the library, the driver or the card does not report is absent, with the reason.
 */
record NvmlSensors(Nvml nvml, Pointer device) implements SensorSource {
  private static final List<List<String>> FIGURES = Csv.rows(NvmlSensors.class, "nvml-figures.csv");

  /** The SMs' clock, of nvmlClockType_t. */
  private static final int CLOCK_SM = 1;

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
      String why = reason == null ? ", which reports no id" : ": " + reason;
      throw new LibraryException("NVML does not know " + device.id() + why);
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
    for (List<String> row : FIGURES) {
      Figure figure = Figure.valueOf(row.get(0));
      if (wanted.contains(figure)) {
        Stream<Integer> argument =
            Stream.of(row.get(2)).filter(text -> !text.isEmpty()).map(Integer::valueOf);
        Object[] arguments = Stream.concat(Stream.of(device), argument).toArray();
        String function = "nvmlDeviceGet" + row.get(1);
        Double value =
            calls.ask(figure.label(), result -> number(result, row), function, arguments);
        if (value != null) {
          found.put(figure, value);
        }
      }
    }
    return found;
  }

  private static double number(Memory result, List<String> row) {
    int place = Integer.parseInt(row.get(3));
    long number = row.get(4).equals("8") ? result.getLong(place) : result.getInt(place);
    return number * Double.parseDouble(row.get(5)) / Double.parseDouble(row.get(6));
  }

  @Override
  public OptionalDouble defaultSmClockHz() {
    NvmlCalls calls = new NvmlCalls(nvml);
    for (String clock : List.of("DefaultApplicationsClock", "MaxClockInfo")) {
      Integer megahertz = calls.integer("", "nvmlDeviceGet" + clock, device, CLOCK_SM);
      if (megahertz != null) {
        return OptionalDouble.of(megahertz * 1e6);
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
