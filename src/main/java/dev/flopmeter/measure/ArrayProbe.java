package dev.flopmeter.measure;

import dev.flopmeter.measure.CacheSweep.Pattern;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongSupplier;

/**
 * Moves arrays of doubles with loops that the JVM compiles to vector code: comparing two arrays
 * reads, filling writes, copying does both, and {@code a = b + s * c} is STREAM's triad.
 */
final class ArrayProbe implements CacheSweep.Probe {
  /** Duration of a reading, so long that the clock and the start of threads cost little of it. */
  private static final double READING_SECONDS = 2e-3;

  private static final double SECONDS = 0.02;
  private static final int READINGS = 3;

  /** Passes until the JVM has compiled a loop. */
  private static final int WARM_UP = 20_000;

  /** The part of the heap that arrays may take. */
  private static final int HEAP_PARTS = 3;

  private final LongSupplier nanoClock;

  ArrayProbe(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
    for (Pattern pattern : Pattern.values()) {
      Work.of(pattern, 64L * pattern.arrays * Double.BYTES).pass(WARM_UP);
    }
  }

  @Override
  public long limit() {
    return Runtime.getRuntime().maxMemory() / HEAP_PARTS;
  }

  @Override
  public double bytesPerSecond(Pattern pattern, long workingSet, int threads) {
    List<Work> works = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      works.add(Work.of(pattern, workingSet / threads));
    }
    double bytes = works.stream().mapToDouble(Work::bytes).sum();
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      int passes = 1;
      double best = 0;
      long end = nanoClock.getAsLong() + Math.round(SECONDS * 1e9);
      for (int i = 0; i < READINGS || nanoClock.getAsLong() < end; i++) {
        double seconds = seconds(pool, works, passes);
        best = Math.max(best, passes * bytes / seconds);
        if (seconds < READING_SECONDS) {
          passes *= 2;
        }
      }
      return best;
    } finally {
      pool.shutdown();
    }
  }

  /** From when all threads are ready until the last one has finished. */
  private double seconds(ExecutorService pool, List<Work> works, int passes) {
    long[] start = new long[1];
    CyclicBarrier ready = new CyclicBarrier(works.size(), () -> start[0] = nanoClock.getAsLong());
    List<Callable<Long>> tasks = new ArrayList<>();
    for (Work work : works) {
      tasks.add(
          () -> {
            ready.await();
            work.pass(passes);
            return nanoClock.getAsLong();
          });
    }
    long last = 0;
    try {
      for (Future<Long> end : pool.invokeAll(tasks)) {
        last = Math.max(last, end.get());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while bandwidth was measured", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
    return Math.max(1, last - start[0]) / 1e9;
  }

  /** The arrays of one thread, all of the same length. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Work(Pattern pattern, double[][] arrays) {
    private static final double SCALE = 3;

    static Work of(Pattern pattern, long bytes) {
      int length = (int) Math.min(1 << 29, bytes / pattern.arrays / Double.BYTES);
      double[][] arrays = new double[pattern.arrays][length];
      for (double[] array : arrays) {
        Arrays.fill(array, 1); // pages that were never written all share one page of zeros
      }
      return new Work(pattern, arrays);
    }

    double bytes() {
      return (double) Double.BYTES * arrays.length * arrays[0].length;
    }

    void pass(int times) {
      for (int i = 0; i < times; i++) {
        switch (pattern) {
          case READ -> require(Arrays.mismatch(arrays[0], arrays[1]));
          case WRITE -> Arrays.fill(arrays[0], SCALE);
          case COPY -> System.arraycopy(arrays[0], 0, arrays[1], 0, arrays[0].length);
          case TRIAD -> triad();
        }
      }
    }

    private static void require(int mismatch) {
      if (mismatch >= 0) {
        throw new IllegalStateException("arrays differ at " + mismatch);
      }
    }

    private void triad() {
      double[] to = arrays[0];
      double[] from = arrays[1];
      double[] scaled = arrays[2];
      for (int i = 0; i < to.length; i++) {
        to[i] = from[i] + SCALE * scaled[i];
      }
    }
  }
}
