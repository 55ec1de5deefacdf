package dev.flopmeter.live;

import java.util.Arrays;
import java.util.stream.LongStream;

/**
 * The buckets of the published histogram, the daemon's: 50 us to 5 s, and one above. Finer {@link
 * DurationBuckets} tell which of them is meant with one look into a table and one comparison.
 */
final class LatencyBuckets {
  private static final long[] UPPER_BOUND_NANOS =
      LongStream.of(
              50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000,
              500_000, 1_000_000, 2_500_000, 5_000_000)
          .map(micros -> 1_000 * micros)
          .toArray();

  /** Number of buckets, the one above all bounds included. */
  static final int COUNT = UPPER_BOUND_NANOS.length + 1;

  /** By fine bucket, the first of ours that its durations can be in; the next is the other one. */
  private static final byte[] FIRST = first();

  private LatencyBuckets() {}

  private static byte[] first() {
    byte[] first = new byte[DurationBuckets.BUCKETS];
    int bucket = 0;
    for (int i = 0; i < UPPER_BOUND_NANOS.length; i++) {
      int fine = DurationBuckets.bucket(UPPER_BOUND_NANOS[i]);
      Arrays.fill(first, bucket, fine + 1, (byte) i);
      bucket = fine + 1;
    }
    Arrays.fill(first, bucket, first.length, (byte) UPPER_BOUND_NANOS.length);
    return first;
  }

  /**
   * Which bucket a duration is in.
   *
   * @param fine its {@link DurationBuckets#bucket}
   */
  static int of(long nanos, int fine) {
    int first = FIRST[fine];
    boolean isAbove = first < UPPER_BOUND_NANOS.length && nanos > UPPER_BOUND_NANOS[first];
    return isAbove ? first + 1 : first;
  }

  /** Inclusive, in seconds; infinity is the last. */
  static double[] upperBoundSeconds() {
    double[] seconds = new double[COUNT];
    for (int i = 0; i < UPPER_BOUND_NANOS.length; i++) {
      seconds[i] = UPPER_BOUND_NANOS[i] / 1e9;
    }
    seconds[COUNT - 1] = Double.POSITIVE_INFINITY;
    return seconds;
  }
}
