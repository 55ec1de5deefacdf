package dev.flopmeter.measure;

import java.util.Arrays;

/**
 * The noise of a growing series and how it moves: after every sample the relative IQR of all so
 * far. It has settled when its last third stays within a narrow band: more samples would cost time
 * and add no information.
 */
final class NoiseTrend {
  private final SortedSeries samples = new SortedSeries();
  private double[] noises = new double[64];
  private double total;

  void add(double seconds) {
    samples.add(seconds);
    int size = samples.size();
    if (size > noises.length) {
      noises = Arrays.copyOf(noises, 2 * noises.length);
    }
    total += seconds;
    noises[size - 1] = samples.relativeIqr();
  }

  int size() {
    return samples.size();
  }

  /** The sum of all samples. */
  double totalSeconds() {
    return total;
  }

  double noise() {
    return size() == 0 ? 0 : noises[size() - 1];
  }

  /** Whether the noise moved by no more than {@code share} of itself over the last third. */
  boolean isSettled(double share) {
    int size = size();
    if (size < 3) {
      return false;
    }
    double low = Double.POSITIVE_INFINITY;
    double high = 0;
    for (int i = size - size / 3; i < size; i++) {
      low = Math.min(low, noises[i]);
      high = Math.max(high, noises[i]);
    }
    return high - low <= share * noise();
  }
}
