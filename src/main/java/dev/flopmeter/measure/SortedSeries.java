package dev.flopmeter.measure;

import java.util.Arrays;

/** A growing series of values in ascending order. */
final class SortedSeries {
  private double[] sorted = new double[64];
  private int size;

  void add(double value) {
    if (size == sorted.length) {
      sorted = Arrays.copyOf(sorted, 2 * size);
    }
    int found = Arrays.binarySearch(sorted, 0, size, value);
    int place = found < 0 ? -found - 1 : found;
    System.arraycopy(sorted, place, sorted, place + 1, size - place);
    sorted[place] = value;
    size++;
  }

  int size() {
    return size;
  }

  /** The value with this many values below it. */
  double get(int rank) {
    return sorted[rank];
  }

  double median() {
    return Distribution.quantile(sorted, size, 0.5);
  }

  double relativeIqr() {
    return Distribution.relativeIqr(sorted, size);
  }
}
