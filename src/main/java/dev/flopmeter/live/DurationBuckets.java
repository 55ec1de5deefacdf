package dev.flopmeter.live;

/**
 * Buckets for durations: 16 to each power of two, so that a bucket's middle is within 3.2 % of
 * every duration in it. From 0 to {@link Long#MAX_VALUE} nanoseconds.
 */
final class DurationBuckets {
  private static final int SUB_BITS = 4;
  private static final int SUB = 1 << SUB_BITS;

  /** Number of buckets. */
  static final int BUCKETS = (64 - SUB_BITS) * SUB;

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
}
