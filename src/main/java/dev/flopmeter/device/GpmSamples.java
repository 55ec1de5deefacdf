package dev.flopmeter.device;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * GPM, the activity of GPUs and MIG instances from Hopper on: means over the time between two
 * samples.
 */
record GpmSamples(Nvml nvml, Map<String, Pointer> last) implements AutoCloseable {
  /** The share of the time in which anything ran. */
  static final String ACTIVE = "graphics";

  /** Figures with their numbers in nvmlGpmMetricId_t; NVML gives them in percent. */
  private static final Map<String, Integer> METRICS =
      Map.of(ACTIVE, 1, "sm", 2, "occupancy", 3, "tensor", 5, "dram", 10);

  // nvmlGpmMetricsGet_t: version, number of metrics, two samples, metrics; and nvmlGpmMetric_t.
  private static final int METRICS_AT = 24;
  private static final int METRIC_BYTES = 40;

  GpmSamples(Nvml nvml) {
    this(nvml, new HashMap<>());
  }

  /** The figures since the last call, 0 to 1; none at the first. */
  Map<String, Double> read(NvmlCalls calls, Place place) {
    try (Memory support = new Memory(8)) {
      support.setInt(0, 1);
      if (!calls.succeeds("gpm", "nvmlGpmQueryDeviceSupport", place.gpu(), support)
          || support.getInt(4) == 0) {
        calls.absent().putIfAbsent("gpm", "not supported by this GPU; it requires Hopper or later");
        return Map.of();
      }
    }
    Pointer now = calls.handle("gpm", "nvmlGpmSampleAlloc");
    if (now == null) {
      return Map.of();
    }
    boolean isTaken =
        place.isWhole()
            ? calls.succeeds("gpm", "nvmlGpmSampleGet", place.gpu(), now)
            : calls.succeeds("gpm", "nvmlGpmMigSampleGet", place.gpu(), place.instance(), now);
    Pointer before = isTaken ? last.put(place.uuid(), now) : now;
    try {
      return isTaken && before != null ? between(calls, before, now) : Map.of();
    } finally {
      if (before != null) {
        free(before);
      }
    }
  }

  private static Map<String, Double> between(NvmlCalls calls, Pointer before, Pointer now) {
    Map<String, Double> figures = new TreeMap<>();
    try (Memory get = new Memory(METRICS_AT + METRIC_BYTES)) {
      METRICS.forEach(
          (name, number) -> {
            get.clear();
            get.setInt(0, 1);
            get.setInt(4, 1);
            get.setPointer(8, before);
            get.setPointer(16, now);
            get.setInt(METRICS_AT, number);
            if (calls.succeeds("gpm", "nvmlGpmMetricsGet", get)
                && calls.isSuccess("gpm", get.getInt(METRICS_AT + 4))) {
              Double share = calls.share("gpm", get.getDouble(METRICS_AT + 8));
              if (share != null) {
                figures.put(name, share);
              }
            }
          });
    }
    return figures;
  }

  /** Frees the samples of all other GPUs. */
  void retain(Set<String> uuids) {
    Map<String, Pointer> gone = new HashMap<>(last);
    gone.keySet().removeAll(uuids);
    gone.values().forEach(this::free);
    last.keySet().retainAll(uuids);
  }

  private void free(Pointer sample) {
    new NvmlCalls(nvml).succeeds("gpm", "nvmlGpmSampleFree", sample);
  }

  @Override
  public void close() {
    retain(Set.of());
  }
}
