package dev.flopmeter.measure;

import java.time.Duration;

/**
 * When to stop warming up and when to stop sampling.
 *
 * @param warmupSeconds minimum time of the warm-up
 * @param warmupRuns minimum passes of the warm-up
 * @param warmupChange maximum difference of two windows' medians, as a share, once warm
 * @param samples minimum number of samples
 * @param sampleSeconds minimum total time of the samples
 * @param noise relative noise below which sampling may stop
 * @param settled maximum change of the noise, as a share of itself, over the last third of the
 *     series to count as settled
 * @param limitSeconds wall time for warming up and sampling together; both end before it, even if
 *     other rules are not met, as soon as another pass would not fit
 */
public record SamplingRules(
    double warmupSeconds,
    int warmupRuns,
    double warmupChange,
    int samples,
    double sampleSeconds,
    double noise,
    double settled,
    double limitSeconds) {

  public static final SamplingRules DEFAULT =
      new SamplingRules(0.2, 10, 0.01, 30, 0.5, 0.005, 0.10, 15);

  public SamplingRules {
    if (!(limitSeconds > 0)) {
      throw new IllegalArgumentException("the time limit must be positive, not " + limitSeconds);
    }
  }

  public SamplingRules withLimit(Duration limit) {
    return new SamplingRules(
        warmupSeconds,
        warmupRuns,
        warmupChange,
        samples,
        sampleSeconds,
        noise,
        settled,
        limit.toNanos() / 1e9);
  }

  /** The share of the limit for warming up: a slow network must leave time to measure. */
  double warmupLimitSeconds() {
    return limitSeconds / 4;
  }
}
