package dev.flopmeter.measure;

import dev.flopmeter.result.ProfileResult.Interval;
import java.util.Arrays;

/**
 * A confidence sequence for the median of a growing series: intervals of which, with the stated
 * probability, all hold the median. So a test may check it after every value and stop at any time.
 * It assumes nothing but that each value is as likely to be above the median as below it, given
 * those before it: no shape of the noise, and no independence.
 *
 * <p>For a candidate median, the values below it are then tosses of a fair coin. The likelihood of
 * k of n under a Beta(a, a) mixture of coins, over that of the fair one, is a test martingale; it
 * ever reaches 1/e with a probability of at most e (Ville 1939; Robbins 1970, "Statistical methods
 * related to the law of the iterated logarithm"). The candidates that it does not reject lie
 * between two order statistics (Darling and Robbins 1967; Howard and Ramdas 2022, "Sequential
 * estimation of quantiles with applications to A/B testing and best-arm identification").
 */
final class MedianSequence {
  /**
   * The mixtures, of equal weight: for few values far from the median, and for many close to it.
   */
  private static final double[] PRIORS = {0.5, 5, 50};

  private final double rejection;
  private final SortedSeries values = new SortedSeries();

  /** The likelihood ratios for {@link #rank} values on one side, by prior. */
  private final double[] ratios = {1, 1, 1};

  /** The smallest number of values on one side that does not reject a candidate. */
  private int rank;

  /**
   * @param errorRate the probability that any of the intervals misses the median
   */
  MedianSequence(double errorRate) {
    rejection = 1 / errorRate;
  }

  void add(double value) {
    int n = values.size();
    values.add(value);
    for (int i = 0; i < PRIORS.length; i++) {
      ratios[i] *= 2 * (PRIORS[i] + n - rank) / (2 * PRIORS[i] + n);
    }
    while (Arrays.stream(ratios).average().orElseThrow() >= rejection) {
      for (int i = 0; i < PRIORS.length; i++) {
        ratios[i] *= (PRIORS[i] + rank) / (PRIORS[i] + n - rank);
      }
      rank++;
    }
  }

  int size() {
    return values.size();
  }

  double median() {
    return values.median();
  }

  /** Unbounded while there are too few values. */
  Interval interval() {
    return rank == 0
        ? new Interval(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY)
        : new Interval(values.get(rank - 1), values.get(values.size() - rank));
  }
}
