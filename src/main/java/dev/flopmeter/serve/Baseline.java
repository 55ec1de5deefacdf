package dev.flopmeter.serve;

import dev.flopmeter.serve.history.HistoryEntry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The recent past of one series, oldest first. Not thread-safe. */
final class Baseline {
  /** With fewer results before it, nothing is said about a result. */
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
    List<Double> medians = new ArrayList<>();
    samples
        .descendingIterator()
        .forEachRemaining(
            sample -> {
              if (sample.isValid() && medians.size() < runs) {
                medians.add(sample.median());
              }
            });
    if (medians.size() < LEAST) {
      return null;
    }
    Collections.sort(medians);
    int middle = medians.size() / 2;
    return medians.size() % 2 == 1
        ? medians.get(middle)
        : (medians.get(middle - 1) + medians.get(middle)) / 2;
  }
}
