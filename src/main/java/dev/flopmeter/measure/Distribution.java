package dev.flopmeter.measure;

import dev.flopmeter.result.ProfileResult.Interval;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Order statistics of a series of times. Nothing here assumes a shape of the noise: medians and
 * quartiles for the middle, a distribution-free interval for the median's uncertainty, tail
 * percentiles only with enough samples.
 */
public final class Distribution {
  /** The fewest samples with a 95 % interval of the median: 2 / 2^6. */
  public static final int INTERVAL_SAMPLES = 6;

  private static final int EXACT_BINOMIAL = 1000;

  private final double[] sorted;

  private Distribution(double[] sorted) {
    this.sorted = sorted;
  }

  /**
   * The statistics of these values, in any order.
   *
   * @throws IllegalArgumentException if there are none, or one is not finite
   */
  public static Distribution of(double... values) {
    if (values.length == 0) {
      throw new IllegalArgumentException("no samples");
    }
    for (double value : values) {
      if (!Double.isFinite(value)) {
        throw new IllegalArgumentException(value + " is not a sample");
      }
    }
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return new Distribution(sorted);
  }

  /** The statistics of these values, in any order. */
  public static Distribution of(List<Double> values) {
    return of(values.stream().mapToDouble(Double::doubleValue).toArray());
  }

  public int size() {
    return sorted.length;
  }

  public double min() {
    return sorted[0];
  }

  public double median() {
    return quantile(0.5);
  }

  double q1() {
    return quantile(0.25);
  }

  public double q3() {
    return quantile(0.75);
  }

  double relativeIqr() {
    return relativeIqr(sorted, sorted.length);
  }

  /** Interquartile range over median of the first {@code size} values: the noise, as a share. */
  static double relativeIqr(double[] sorted, int size) {
    double median = quantile(sorted, size, 0.5);
    double range = quantile(sorted, size, 0.75) - quantile(sorted, size, 0.25);
    return median == 0 ? 0 : range / median;
  }

  double quantile(double p) {
    return quantile(sorted, sorted.length, p);
  }

  /** The value below which a share {@code p} of the samples is, interpolated between two. */
  static double quantile(double[] sorted, int size, double p) {
    double position = p * (size - 1);
    int below = (int) position;
    int above = Math.min(below + 1, size - 1);
    return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
  }

  /** Quantile {@code p} of the tail; null with too few samples. */
  @Nullable Double tail(double p) {
    return isTailKnown(p, sorted.length) ? quantile(p) : null;
  }

  /**
   * Whether {@code samples} hold at least two values beyond quantile {@code p} with 99 %
   * confidence, so that the quantile is not just the maximum: 64 samples for p90, 130 for p95, 662
   * for p99, 6636 for p99.9.
   */
  static boolean isTailKnown(double p, int samples) {
    double none = Math.pow(p, samples);
    double one = samples * (1 - p) * Math.pow(p, samples - 1);
    return none + one < 0.01;
  }

  /**
   * The 95 % confidence interval of the median between two order statistics, for any distribution:
   * the k-th sample from either end, k the largest with P(Binomial(n, 1/2) &lt; k) &lt;= 2.5 %.
   * With fewer than {@link #INTERVAL_SAMPLES} samples it is the whole range and covers less.
   */
  public Interval medianInterval() {
    int rank = Math.max(1, intervalRank(sorted.length));
    return new Interval(sorted[rank - 1], sorted[sorted.length - rank]);
  }

  /** The rank k of {@link #medianInterval}; 0 if there is none. */
  static int intervalRank(int n) {
    if (n > EXACT_BINOMIAL) {
      return (int) Math.floor((n - 1.959964 * Math.sqrt(n)) / 2);
    }
    double probability = Math.pow(0.5, n);
    double below = 0;
    int rank = 0;
    while (below + probability <= 0.025) {
      below += probability;
      probability *= (double) (n - rank) / (rank + 1);
      rank++;
    }
    return rank;
  }
}
