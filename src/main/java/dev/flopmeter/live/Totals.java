package dev.flopmeter.live;

import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * The recorded totals since the start. Writers never wait: each adds to the stripe of its thread,
 * with one atomic addition per number. A reading sums the stripes; it may miss calls just ending.
 */
final class Totals {
  private static final int INFERENCES = 0;
  private static final int BUSY_NANOS = 1;
  private static final int FIRST_LATENCY = 2;
  private static final int FIRST_BUCKET = FIRST_LATENCY + DurationBuckets.PUBLISHED;

  /** Leaves a cache line between the numbers of two stripes. */
  private static final int PADDING = 16;

  private final AtomicLongArray[] stripes;
  // Only used by calls whose cost depends on their shapes.
  private final DoubleAdder shapedFlops = new DoubleAdder();
  private final DoubleAdder shapedBytes = new DoubleAdder();

  @SuppressWarnings("ArrayRecordComponent") // never changed, never compared
  record Snapshot(
      long inferences,
      long busyNanos,
      double shapedFlops,
      double shapedBytes,
      long calls,
      long[] durations) {}

  Totals() {
    int processors = Runtime.getRuntime().availableProcessors();
    int count = Math.min(64, Integer.highestOneBit(Math.max(1, processors) * 4 - 1));
    stripes = new AtomicLongArray[count];
    for (int i = 0; i < count; i++) {
      stripes[i] = new AtomicLongArray(FIRST_BUCKET + DurationBuckets.BUCKETS + PADDING);
    }
  }

  void add(long inferences, long nanos) {
    AtomicLongArray stripe = stripes[stripe()];
    int bucket = DurationBuckets.bucket(nanos);
    stripe.getAndAdd(INFERENCES, inferences);
    stripe.getAndAdd(BUSY_NANOS, nanos);
    stripe.getAndAdd(FIRST_BUCKET + bucket, 1);
    stripe.getAndAdd(FIRST_LATENCY + DurationBuckets.published(nanos, bucket), 1);
  }

  void addShaped(double flops, double bytes) {
    shapedFlops.add(flops);
    shapedBytes.add(bytes);
  }

  private int stripe() {
    // Thread ids count up, so neighbours get different stripes.
    return (int) Thread.currentThread().getId() & (stripes.length - 1);
  }

  long inferences() {
    return sum(INFERENCES);
  }

  double busySeconds() {
    return sum(BUSY_NANOS) * 1e-9;
  }

  /** Calls by the published {@link DurationBuckets}. */
  long[] byLatency() {
    return IntStream.range(FIRST_LATENCY, FIRST_BUCKET).mapToLong(this::sum).toArray();
  }

  private long sum(int index) {
    long sum = 0;
    for (AtomicLongArray stripe : stripes) {
      sum += stripe.get(index);
    }
    return sum;
  }

  Snapshot snapshot() {
    long[] durations = new long[DurationBuckets.BUCKETS];
    long calls = 0;
    for (int i = 0; i < durations.length; i++) {
      durations[i] = sum(FIRST_BUCKET + i);
      calls += durations[i];
    }
    return new Snapshot(
        sum(INFERENCES), sum(BUSY_NANOS), shapedFlops.sum(), shapedBytes.sum(), calls, durations);
  }

  long calls() {
    return LongStream.of(byLatency()).sum();
  }

  double shapedFlops() {
    return shapedFlops.sum();
  }
}
