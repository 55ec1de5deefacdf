package dev.flopmeter.measure;

import dev.flopmeter.result.ProfileResult.Interval;
import dev.flopmeter.run.Plan;
import dev.flopmeter.units.Figures;
import java.util.Random;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs two plans by turns until it is decided whether one is slower.
 *
 * <p>The order in each pair of turns is random. So any disturbance by the machine, including bursts
 * and drifts of any length, is as likely to favour one as the other, and the logarithm of their
 * ratio is as likely to be above that of the true change as below it: the condition of {@link
 * MedianSequence}.
 */
public final class TurnTaking {
  private static final double WARM_UP_SECONDS = 0.5;
  private static final int WARM_UP_TURNS = 3;

  /** Passes of a turn, and its shortest time; the fastest counts, since noise only adds time. */
  private static final int PASSES = 3;

  private static final double TURN_SECONDS = 0.02;

  /** With passes of this many seconds, each is a turn. */
  private static final double SLOW_PASS = 0.1;

  private final Turns.Rules rules;
  private final LongSupplier nanoClock;
  private final Progress progress;
  private final long start;

  public TurnTaking(Turns.Rules rules, LongSupplier nanoClock, Progress progress) {
    this.rules = rules;
    this.nanoClock = nanoClock;
    this.progress = progress;
    this.start = nanoClock.getAsLong();
  }

  /**
   * Compares two plans whose inputs are loaded.
   *
   * @param before a name for the base
   * @param after a name for the new one
   */
  public Turns compare(Plan base, Turns.Side before, Plan next, Turns.Side after) {
    Random coin = new Random(rules.seed());
    MedianSequence changes = new MedianSequence(rules.errorRate());
    SortedSeries baseTurns = new SortedSeries();
    SortedSeries nextTurns = new SortedSeries();
    double pass = warmUp(base, next);
    while (true) {
      double began = elapsed();
      boolean isBaseFirst = coin.nextBoolean();
      double first = turn(isBaseFirst ? base : next, pass);
      double second = turn(isBaseFirst ? next : base, pass);
      baseTurns.add(isBaseFirst ? first : second);
      nextTurns.add(isBaseFirst ? second : first);
      changes.add(Math.log(second / first) * (isBaseFirst ? 1 : -1));
      Interval interval = changes.interval();
      Change verdict = verdict(interval);
      double now = elapsed();
      report(changes, now);
      if (verdict != null || 2 * now - began > rules.limitSeconds()) {
        return new Turns(
            before,
            after,
            rules,
            verdict,
            changes.size(),
            baseTurns.median(),
            nextTurns.median(),
            Math.expm1(changes.median()),
            share(interval.low()),
            share(interval.high()),
            now);
      }
    }
  }

  /**
   * @return seconds of the slower plan's pass
   */
  private double warmUp(Plan base, Plan next) {
    double slower = 0;
    for (int i = 0; i < WARM_UP_TURNS || elapsed() < WARM_UP_SECONDS; i++) {
      slower = Math.max(base.timePass(), next.timePass());
      progress.report("warm-up", elapsed() / rules.limitSeconds(), (i + 1) + " turns");
      if (elapsed() + 2 * slower > rules.limitSeconds() / 4) {
        break;
      }
    }
    return slower;
  }

  /** The first of several passes is discarded, because the caches hold the other plan's data. */
  private static double turn(Plan plan, double pass) {
    double least = plan.timePass();
    if (pass < SLOW_PASS) {
      least = Double.POSITIVE_INFINITY;
      double sum = 0;
      for (int i = 0; i < PASSES || sum < TURN_SECONDS; i++) {
        double seconds = plan.timePass();
        sum += seconds;
        least = Math.min(least, seconds);
      }
    }
    return least;
  }

  private @Nullable Change verdict(Interval interval) {
    double counts = Math.log1p(rules.threshold());
    if (interval.low() > counts) {
      return Change.SLOWER;
    }
    if (interval.high() < -counts) {
      return Change.FASTER;
    }
    return interval.low() > -counts && interval.high() < counts ? Change.SAME : null;
  }

  private static @Nullable Double share(double logarithm) {
    return Double.isInfinite(logarithm) ? null : Math.expm1(logarithm);
  }

  private void report(MedianSequence changes, double now) {
    Interval interval = changes.interval();
    String known =
        Double.isInfinite(interval.low())
            ? ""
            : ", between %s and %s"
                .formatted(
                    Figures.change(Math.expm1(interval.low())),
                    Figures.change(Math.expm1(interval.high())));
    progress.report(
        "compare", Math.min(1, now / rules.limitSeconds()), changes.size() + " turns" + known);
  }

  private double elapsed() {
    return (nanoClock.getAsLong() - start) / 1e9;
  }
}
