package dev.flopmeter.live;

import java.util.Arrays;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;

/**
 * Buckets for durations: 16 to each power of two, so that a bucket's middle is within 3.2 % of
 * every duration in it. From 0 to {@link Long#MAX_VALUE} nanoseconds. Also the few buckets of the
 * published histogram, like the daemon's, from 50 us to 5 s and one above: the fine bucket selects
 * one of them with one table look-up and one comparison.
 */
final class DurationBuckets {
  private static final int SUB_BITS = 4;
  private static final int SUB = 1 << SUB_BITS;

  static final int BUCKETS = (64 - SUB_BITS) * SUB;

  private static final long[] UPPER_BOUND_NANOS =
      LongStream.of(
              50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000,
              500_000, 1_000_000, 2_500_000, 5_000_000)
          .map(micros -> 1_000 * micros)
          .toArray();

  /** Number of published buckets, the one above all bounds included. */
  static final int PUBLISHED = UPPER_BOUND_NANOS.length + 1;

  /** By fine bucket, the first of the two published ones that its durations can be in. */
  private static final byte[] FIRST = first();

  private DurationBuckets() {}

  static int bucket(long nanos) {
    if (nanos < SUB) {
      return (int) nanos;
    }
    int exponent = 63 - Long.numberOfLeadingZeros(nanos);
    int sub = (int) (nanos >>> (exponent - SUB_BITS)) & (SUB - 1);
    return (exponent - SUB_BITS + 1) * SUB + sub;
  }

  /** The middle of a bucket, in seconds. */
  static double middle(int bucket) {
    int exponent = bucket / SUB + SUB_BITS - 1;
    if (bucket < SUB) {
      return bucket * 1e-9;
    }
    double width = Math.scalb(1.0, exponent - SUB_BITS);
    double low = (SUB + bucket % SUB) * width;
    return (low + width / 2) * 1e-9;
  }

  private static byte[] first() {
    byte[] first = new byte[BUCKETS];
    int bucket = 0;
    for (int i = 0; i < UPPER_BOUND_NANOS.length; i++) {
      int fine = bucket(UPPER_BOUND_NANOS[i]);
      Arrays.fill(first, bucket, fine + 1, (byte) i);
      bucket = fine + 1;
    }
    Arrays.fill(first, bucket, first.length, (byte) UPPER_BOUND_NANOS.length);
    return first;
  }

  /**
   * The published bucket of a duration.
   *
   * @param fine its {@link #bucket}
   */
  static int published(long nanos, int fine) {
    int first = FIRST[fine];
    boolean isAbove = first < UPPER_BOUND_NANOS.length && nanos > UPPER_BOUND_NANOS[first];
    return isAbove ? first + 1 : first;
  }

  /** Upper bounds of the published buckets: inclusive, in seconds; the last is infinity. */
  static double[] upperBoundSeconds() {
    return DoubleStream.concat(
            LongStream.of(UPPER_BOUND_NANOS).mapToDouble(nanos -> nanos / 1e9),
            DoubleStream.of(Double.POSITIVE_INFINITY))
        .toArray();
  }
}
