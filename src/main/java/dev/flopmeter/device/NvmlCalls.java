package dev.flopmeter.device;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import dev.flopmeter.device.NodeSample.Part;
import dev.flopmeter.text.Csv;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One round of calls to NVML: their results, or the reasons why figures are absent. */
final class NvmlCalls {
  private static final int TEXT_BYTES = 96;

  /** The largest result of a call: the attributes of a MIG instance. */
  private static final int RESULT_BYTES = 40;

  // Where in nvmlDeviceAttributes_t.
  private static final int COMPUTE_SLICES_AT = 28;
  private static final int MEMORY_MIB_AT = 32;

  /** NVML's bits with the reasons that hold a clock back. */
  private static final List<List<String>> THROTTLE_REASONS =
      Csv.rows(NvmlCalls.class, "throttle-reasons.csv");

  private final Nvml nvml;
  private final Map<String, String> absent = new TreeMap<>();
  private boolean isLost;

  NvmlCalls(Nvml nvml) {
    this.nvml = nvml;
  }

  /** Why a figure is absent, by its name. */
  Map<String, String> absent() {
    return absent;
  }

  /** Whether a call since the last check found the GPU lost. */
  boolean foundLost() {
    boolean found = isLost;
    isLost = false;
    return found;
  }

  /**
   * Calls a function with the arguments and, last, the address of its result.
   *
   * @return the {@code value} of the result; null if the call fails
   */
  <T> @Nullable T ask(
      String figure, Function<Memory, T> value, String function, Object... arguments) {
    try (Memory result = new Memory(RESULT_BYTES)) {
      Object[] all = Arrays.copyOf(arguments, arguments.length + 1);
      all[arguments.length] = result;
      return succeeds(figure, function, all) ? value.apply(result) : null;
    }
  }

  @Nullable Integer integer(String figure, String function, Object... arguments) {
    return ask(figure, result -> result.getInt(0), function, arguments);
  }

  @Nullable Pointer handle(String figure, String function, Object... arguments) {
    return ask(figure, result -> result.getPointer(0), function, arguments);
  }

  /** A text about a device; empty if the call fails. */
  String text(String figure, String function, Pointer device) {
    try (Memory text = new Memory(TEXT_BYTES)) {
      return succeeds(figure, function, device, text, TEXT_BYTES) ? text.getString(0) : "";
    }
  }

  @Nullable Long totalBytes(Pointer gpu) {
    return ask("memory", result -> result.getLong(0), "nvmlDeviceGetMemoryInfo", gpu);
  }

  /**
   * A MIG instance's share of its GPU: a memory slice is an eighth of the GPU's memory, minus the
   * driver's part.
   */
  @Nullable Part part(Pointer instance, int slices, @Nullable Long gpuBytes) {
    return ask(
        "share",
        attributes -> {
          double bytes = attributes.getLong(MEMORY_MIB_AT) * (double) (1 << 20);
          return new Part(
              Math.min(1, (double) attributes.getInt(COMPUTE_SLICES_AT) / slices),
              attributes.getInt(0),
              gpuBytes == null ? 0 : Math.min(8, Math.round(8 * bytes / gpuBytes)) / 8.0);
        },
        "nvmlDeviceGetAttributes_v2",
        instance);
  }

  /** The share of the time in which a GPU was busy. */
  @Nullable Double utilization(String figure, Pointer gpu) {
    Integer percent = integer(figure, "nvmlDeviceGetUtilizationRates", gpu);
    return percent == null ? null : share(figure, (double) Integer.toUnsignedLong(percent));
  }

  /** A share that NVML returns in percent; drivers also return invalid ones, which are absent. */
  @Nullable Double share(String figure, double percent) {
    boolean isShare = percent >= 0 && percent <= 100.5;
    if (!isShare) {
      absent.put(figure, "NVML returned " + percent + " %");
    }
    return isShare ? Math.min(1, percent / 100) : null;
  }

  /** Why the clock of a GPU is reduced, such as {@code sw_thermal}. */
  List<String> throttleReasons(String figure, Pointer gpu) {
    String function =
        nvml.available(
            "nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons");
    Long mask = ask(figure, result -> result.getLong(0), function, gpu);
    return THROTTLE_REASONS.stream()
        .filter(row -> mask != null && (mask & Long.parseLong(row.get(0))) != 0)
        .map(row -> row.get(1))
        .toList();
  }

  boolean succeeds(String figure, String function, Object... arguments) {
    try {
      return isSuccess(figure, nvml.library().call(function, arguments));
    } catch (LibraryException e) {
      absent.put(figure, e.getMessage());
      return false;
    }
  }

  boolean isSuccess(String figure, int status) {
    isLost |= status == Nvml.GPU_IS_LOST;
    if (status != Nvml.SUCCESS) {
      absent.put(figure, nvml.message(status));
    }
    return status == Nvml.SUCCESS;
  }
}
