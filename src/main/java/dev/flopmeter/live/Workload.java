package dev.flopmeter.live;

import java.time.Duration;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * The labels of a live workload, and the settings of its meters.
 *
 * @param name label {@code workload}
 * @param device {@code cpu} or {@code cuda:0}
 * @param backend the runtime of the model, such as {@code pytorch}
 * @param precision {@code fp32}, {@code tf32}, {@code fp16} or {@code bf16}: what the matrix units
 *     really use
 * @param peaks of the device in that precision; without one only utilisation is absent
 * @param window the time that rates and latencies cover
 * @param clock nanoseconds, as {@link System#nanoTime}
 */
public record Workload(
    String name,
    String model,
    String device,
    String backend,
    String precision,
    Timing timing,
    List<DevicePeak> peaks,
    Duration window,
    LongSupplier clock) {
  public Workload {
    peaks = List.copyOf(peaks);
    if (window.isZero() || window.isNegative()) {
      throw new IllegalArgumentException("a window of " + window + " is too short");
    }
  }
}
