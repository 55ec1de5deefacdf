package dev.flopmeter.serve;

import dev.flopmeter.serve.history.HistoryEntry;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The recent past of one series, oldest first. Not thread-safe. */
final class Baseline {
  /** With fewer earlier results there is no baseline. */
  static final int LEAST = 3;

  private final Deque<HistoryEntry> samples = new ArrayDeque<>();
  private final int kept;

  Baseline(int kept) {
    this.kept = kept;
  }

  void add(HistoryEntry sample) {
    samples.add(sample);
    if (samples.size() > kept) {
      samples.remove();
    }
  }

  List<HistoryEntry> samples() {
    return List.copyOf(samples);
  }

  /** Median of the last {@code runs} valid results; null with too few. */
  @Nullable Double median(int runs) {
    List<HistoryEntry> valid = samples.stream().filter(HistoryEntry::isValid).toList();
    double[] medians =
        valid.stream()
            .skip(Math.max(0, valid.size() - runs))
            .mapToDouble(HistoryEntry::median)
            .sorted()
            .toArray();
    int count = medians.length;
    return count < LEAST ? null : (medians[(count - 1) / 2] + medians[count / 2]) / 2;
  }
}
