package dev.flopmeter.device;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A GPU's sensors through NVML, which comes with the driver. It reads and never sets anything. A
 * figure that the library, the driver or the card does not report is absent, with the reason.
 */
final class NvmlSensors implements SensorSource {
  private static final String LIBRARY = "libnvidia-ml.so.1";

  // Numbers of nvmlClockType_t, nvmlTemperatureSensors_t and nvmlReturn_t.
  private static final int CLOCK_SM = 1;
  private static final int CLOCK_MEMORY = 2;
  private static final int TEMPERATURE_GPU = 0;
  private static final int SUCCESS = 0;
  private static final int INSUFFICIENT_SIZE = 7;

  /** Rows of nvmlProcessInfo_v2_t: pid, padding, memory, two instance ids. */
  private static final int PROCESS_BYTES = 24;

  private static final int PROCESS_ROWS = 64;

  private final DynamicLibrary nvml;
  private final Pointer device;
  private final OptionalDouble defaultSmClockHz;

  private NvmlSensors(DynamicLibrary nvml, Pointer device) {
    this.nvml = nvml;
    this.device = device;
    this.defaultSmClockHz = defaultClock();
  }

  /** The sensors of a CUDA device; without NVML, readings that hold the reason. */
  static SensorSource open(Device device) {
    return open(device, LIBRARY);
  }

  static SensorSource open(Device device, String library) {
    DynamicLibrary nvml;
    try {
      nvml = DynamicLibrary.open(library);
    } catch (LibraryException e) {
      return new NoSensors(library + " cannot be loaded: " + e.getMessage());
    }
    try {
      int status = nvml.call("nvmlInit_v2");
      if (status != SUCCESS) {
        return new NoSensors("nvmlInit failed: " + message(nvml, status));
      }
      return new NvmlSensors(nvml, handle(nvml, device));
    } catch (LibraryException e) {
      return new NoSensors(String.valueOf(e.getMessage()));
    }
  }

  /** NVML's own numbering ignores CUDA_VISIBLE_DEVICES, so that ids decide, never the ordinal. */
  private static Pointer handle(DynamicLibrary nvml, Device device) throws LibraryException {
    PointerByReference handle = new PointerByReference();
    String uuid = device.properties().get("uuid");
    int status = -1;
    if (uuid != null) {
      status = nvml.call("nvmlDeviceGetHandleByUUID", uuid, handle);
    }
    String bus = device.properties().get("pci_bus_id");
    if (status != SUCCESS && bus != null) {
      status = nvml.call("nvmlDeviceGetHandleByPciBusId_v2", bus, handle);
    }
    if (status != SUCCESS) {
      throw new LibraryException(
          "NVML does not know "
              + device.id()
              + (status < 0 ? ", which reports no id" : ": " + message(nvml, status)));
    }
    return handle.getValue();
  }

  private static String message(DynamicLibrary nvml, int status) {
    try {
      return nvml.text("nvmlErrorString", status) + " (" + status + ")";
    } catch (LibraryException e) {
      return "error " + status;
    }
  }

  @Override
  public OptionalDouble defaultSmClockHz() {
    return defaultSmClockHz;
  }

  private OptionalDouble defaultClock() {
    Questions ask = new Questions();
    Double clock = ask.megahertz("sm_clock_hz", "nvmlDeviceGetDefaultApplicationsClock", CLOCK_SM);
    if (clock == null) {
      clock = ask.megahertz("sm_clock_hz", "nvmlDeviceGetMaxClockInfo", CLOCK_SM);
    }
    return clock == null ? OptionalDouble.empty() : OptionalDouble.of(clock);
  }

  @Override
  public OptionalDouble energyJoules() {
    Double joules = new Questions().energy();
    return joules == null ? OptionalDouble.empty() : OptionalDouble.of(joules);
  }

  @Override
  public SensorReading read() {
    Questions ask = new Questions();
    return new SensorReading(
        ask.megahertz("sm_clock_hz", "nvmlDeviceGetClockInfo", CLOCK_SM),
        ask.megahertz("memory_clock_hz", "nvmlDeviceGetClockInfo", CLOCK_MEMORY),
        ask.thousandths("power_w", "nvmlDeviceGetPowerUsage"),
        ask.thousandths("power_limit_w", "nvmlDeviceGetEnforcedPowerLimit"),
        ask.energy(),
        ask.temperature(),
        ask.utilization(),
        ask.memoryUsed(),
        ask.processes(),
        null,
        null,
        ask.throttleReasons(),
        ask.absent);
  }

  @Override
  public void close() {
    try {
      nvml.call("nvmlShutdown");
    } catch (LibraryException ignored) {
      // a library without it has nothing to shut down
    }
  }

  /** One round of calls; collects why figures are absent. */
  private final class Questions {
    private final Map<String, String> absent = new TreeMap<>();

    private boolean succeeds(String figure, String function, Object... arguments) {
      try {
        int status = nvml.call(function, arguments);
        if (status == SUCCESS) {
          return true;
        }
        absent.put(figure, message(nvml, status));
      } catch (LibraryException e) {
        absent.put(figure, String.valueOf(e.getMessage()));
      }
      return false;
    }

    @Nullable Double megahertz(String figure, String function, int clock) {
      IntByReference value = new IntByReference();
      return succeeds(figure, function, device, clock, value) ? value.getValue() * 1e6 : null;
    }

    @Nullable Double thousandths(String figure, String function) {
      IntByReference value = new IntByReference();
      return succeeds(figure, function, device, value) ? value.getValue() / 1e3 : null;
    }

    @Nullable Double energy() {
      LongByReference value = new LongByReference();
      return succeeds(
              "energy_j_per_inference", "nvmlDeviceGetTotalEnergyConsumption", device, value)
          ? value.getValue() / 1e3
          : null;
    }

    @Nullable Double temperature() {
      IntByReference value = new IntByReference();
      return succeeds("temperature_c", "nvmlDeviceGetTemperature", device, TEMPERATURE_GPU, value)
          ? (double) value.getValue()
          : null;
    }

    @Nullable Double utilization() {
      try (Memory rates = new Memory(8)) {
        return succeeds("utilization", "nvmlDeviceGetUtilizationRates", device, rates)
            ? rates.getInt(0) / 100.0
            : null;
      }
    }

    @Nullable Long memoryUsed() {
      try (Memory memory = new Memory(24)) { // total, free, used
        return succeeds("memory_used_bytes", "nvmlDeviceGetMemoryInfo", device, memory)
            ? memory.getLong(16)
            : null;
      }
    }

    @Nullable List<Integer> processes() {
      String function = "nvmlDeviceGetComputeRunningProcesses_v3";
      if (!nvml.has(function)) {
        function = "nvmlDeviceGetComputeRunningProcesses_v2";
      }
      IntByReference count = new IntByReference(PROCESS_ROWS);
      try (Memory rows = new Memory((long) PROCESS_ROWS * PROCESS_BYTES)) {
        int status = nvml.call(function, device, count, rows);
        if (status != SUCCESS && status != INSUFFICIENT_SIZE) {
          absent.put("other_processes", message(nvml, status));
          return null;
        }
        List<Integer> ids = new ArrayList<>();
        for (int i = 0; i < Math.min(count.getValue(), PROCESS_ROWS); i++) {
          ids.add(rows.getInt((long) i * PROCESS_BYTES));
        }
        return ids;
      } catch (LibraryException e) {
        absent.put("other_processes", String.valueOf(e.getMessage()));
        return null;
      }
    }

    List<String> throttleReasons() {
      String function = "nvmlDeviceGetCurrentClocksEventReasons";
      if (!nvml.has(function)) {
        function = "nvmlDeviceGetCurrentClocksThrottleReasons";
      }
      LongByReference mask = new LongByReference();
      return succeeds("throttle_reasons", function, device, mask)
          ? ThrottleReason.of(mask.getValue())
          : List.of();
    }
  }
}
