package dev.flopmeter.measure;

import dev.flopmeter.run.Plan;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;

/**
 * Warms a plan up and times it: undisturbed passes for the latency, passes with a clock reading
 * between steps for the layers. The two kinds alternate in short rounds, so that a drift of clocks
 * or temperature affects both equally and their ratio stays fair.
 */
final class Sampler {
  /** Passes of a round, and of one whose passes take longer than {@link #SLOW_PASS}. */
  private static final int ROUND_PASSES = 5;

  private static final int SLOW_ROUND_PASSES = 2;
  private static final int ROUND_LAYER_PASSES = 2;
  private static final double SLOW_PASS = 0.2;

  /** Passes in each of the two windows that are compared to see whether the plan is warm. */
  private static final int WARM_WINDOW = 5;

  private final Plan plan;
  private final SamplingRules rules;
  private final LongSupplier nanoClock;
  private final SensorWatch watch;
  private final Progress progress;
  private final long start;
  private final List<Double> warmup = new ArrayList<>();
  private final List<Double> passes = new ArrayList<>();
  private final List<double[]> steps = new ArrayList<>();
  private final Map<String, Integer> dropped = new TreeMap<>();
  private final NoiseTrend trend = new NoiseTrend();
  private double longest;

  /** Starts the measurement of {@code plan}, whose inputs are loaded. */
  Sampler(
      Plan plan,
      SamplingRules rules,
      LongSupplier nanoClock,
      SensorWatch watch,
      Progress progress) {
    this.plan = plan;
    this.rules = rules;
    this.nanoClock = nanoClock;
    this.watch = watch;
    this.progress = progress;
    this.start = nanoClock.getAsLong();
  }

  /**
   * Measures the plan, once.
   *
   * @param first seconds of its very first pass, which has already run
   */
  Samples sample(double first) {
    boolean isWarm = warmUp(first);
    StopReason reason = measure();
    return new Samples(first, warmup.size() + 1, isWarm, passes, steps, dropped, reason);
  }

  /** True once two windows agree; false if the time for warming up ended first. */
  private boolean warmUp(double first) {
    double seconds = 0;
    double last = first;
    while (true) {
      boolean isLongEnough =
          seconds >= rules.warmupSeconds() && warmup.size() >= rules.warmupRuns();
      if (isLongEnough && isStable()) {
        break;
      }
      // The first pass loads and compiles, so it says little about the next. One more pass runs,
      // unless the first took longer than the time limit.
      boolean isLate = elapsed() + last > rules.warmupLimitSeconds();
      if (isLate && (!warmup.isEmpty() || first > rules.limitSeconds())) {
        longest = last;
        return false;
      }
      last = plan.timePass();
      seconds += last;
      warmup.add(last);
      report("warm-up", elapsed() / rules.limitSeconds(), warmup.size() + " runs");
    }
    longest = last;
    plan.timeSteps(); // its own first time, discarded like the other's
    return true;
  }

  private boolean isStable() {
    int n = warmup.size();
    if (n < 2 * WARM_WINDOW) {
      return false;
    }
    List<Double> last = warmup.subList(n - 2 * WARM_WINDOW, n);
    double before = Distribution.of(last.subList(0, WARM_WINDOW)).median();
    double after = Distribution.of(last.subList(WARM_WINDOW, 2 * WARM_WINDOW)).median();
    return Math.abs(after - before) <= rules.warmupChange() * before;
  }

  private StopReason measure() {
    while (true) {
      boolean isSlow = longest > SLOW_PASS;
      for (int i = 0; i < (isSlow ? SLOW_ROUND_PASSES : ROUND_PASSES); i++) {
        if (isOverTime() && !passes.isEmpty()) {
          return finishSteps();
        }
        pass();
      }
      for (int i = 0; i < (isSlow ? 1 : ROUND_LAYER_PASSES); i++) {
        if (isOverTime() && !steps.isEmpty()) {
          return finishSteps();
        }
        steps.add(plan.timeSteps());
      }
      report("measure", done(), passes.size() + " samples");
      if (isEnough()) {
        if (trend.noise() < rules.noise()) {
          return StopReason.QUIET;
        }
        if (trend.isSettled(rules.settled())) {
          return StopReason.SETTLED;
        }
      }
    }
  }

  /** Layers are measured at least once, even after the time limit. */
  private StopReason finishSteps() {
    if (steps.isEmpty()) {
      steps.add(plan.timeSteps());
    }
    return StopReason.TIME_LIMIT;
  }

  private void pass() {
    double seconds = plan.timePass();
    longest = Math.max(longest, seconds);
    var refusal = watch.refusal();
    if (refusal.isPresent()) {
      dropped.merge(refusal.get(), 1, Integer::sum);
      // If time runs out and no pass was kept, one pass stays: not valid, but a figure to show.
      if (!isOverTime() || !passes.isEmpty()) {
        return;
      }
    }
    passes.add(seconds);
    trend.add(seconds);
  }

  private boolean isEnough() {
    return trend.size() >= rules.samples() && trend.totalSeconds() >= rules.sampleSeconds();
  }

  /** Whether another pass would exceed the limit. */
  private boolean isOverTime() {
    return elapsed() + longest > rules.limitSeconds();
  }

  private double elapsed() {
    return (nanoClock.getAsLong() - start) / 1e9;
  }

  private double done() {
    double needed =
        Math.min(
            (double) trend.size() / rules.samples(), trend.totalSeconds() / rules.sampleSeconds());
    return Math.max(elapsed() / rules.limitSeconds(), Math.min(0.95, needed));
  }

  private void report(String phase, double done, String detail) {
    progress.report(phase, Math.min(1, done), detail);
  }
}
