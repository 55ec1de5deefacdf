package dev.flopmeter.measure;

import java.util.Arrays;

/**
 * The noise of a growing series and how it moves: after every sample the relative IQR of all so
 * far. It has settled when its last third stays within a narrow band: more samples would cost time
 * and add no information.
 */
final class NoiseTrend {
  private double[] sorted = new double[64];
  private double[] noises = new double[64];
  private int size;
  private double total;

  void add(double seconds) {
    if (size == sorted.length) {
      sorted = Arrays.copyOf(sorted, 2 * size);
      noises = Arrays.copyOf(noises, 2 * size);
    }
    int found = Arrays.binarySearch(sorted, 0, size, seconds);
    int place = found < 0 ? -found - 1 : found;
    System.arraycopy(sorted, place, sorted, place + 1, size - place);
    sorted[place] = seconds;
    size++;
    total += seconds;
    noises[size - 1] = Distribution.relativeIqr(sorted, size);
  }

  int size() {
    return size;
  }

  /** The sum of all samples. */
  double totalSeconds() {
    return total;
  }

  double noise() {
    return size == 0 ? 0 : noises[size - 1];
  }

  /** Whether the noise moved by no more than {@code share} of itself over the last third. */
  boolean isSettled(double share) {
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
