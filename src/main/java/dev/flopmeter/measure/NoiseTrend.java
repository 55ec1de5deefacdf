package dev.flopmeter.measure;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The noise of a growing series and its trend: the relative IQR after every sample. It has settled
 * when its last third stays within a narrow band, because more samples would add no information.
 */
final class NoiseTrend {
  private final SortedSeries samples = new SortedSeries();
  private final List<Double> noises = new ArrayList<>();
  private double total;

  void add(double seconds) {
    samples.add(seconds);
    total += seconds;
    noises.add(samples.relativeIqr());
  }

  int size() {
    return samples.size();
  }

  double totalSeconds() {
    return total;
  }

  double noise() {
    return size() == 0 ? 0 : noises.get(size() - 1);
  }

  /** Whether the noise moved by no more than {@code share} of itself over the last third. */
  boolean isSettled(double share) {
    int size = size();
    if (size < 3) {
      return false;
    }
    List<Double> last = noises.subList(size - size / 3, size);
    return Collections.max(last) - Collections.min(last) <= share * noise();
  }
}
