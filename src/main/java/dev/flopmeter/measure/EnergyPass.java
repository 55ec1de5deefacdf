package dev.flopmeter.measure;

import dev.flopmeter.run.Plan;
import java.util.OptionalDouble;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Energy per inference: passes back to back between two readings of the device's energy counter.
 * Counters move in steps of tens of milliseconds, so that a shorter window would be mostly error.
 */
final class EnergyPass {
  static final double WINDOW_SECONDS = 2;

  private EnergyPass() {}

  /**
   * Joules per inference of {@code plan}; null if there is no counter, or it did not move.
   *
   * @param batch inferences of one pass
   */
  static @Nullable Double joulesPerInference(
      Plan plan, long batch, SensorWatch watch, LongSupplier nanoClock) {
    OptionalDouble before = watch.energyJoules();
    if (before.isEmpty()) {
      return null;
    }
    long start = nanoClock.getAsLong();
    long passes = 0;
    while ((nanoClock.getAsLong() - start) / 1e9 < WINDOW_SECONDS) {
      plan.timePass();
      passes++;
    }
    OptionalDouble after = watch.energyJoules();
    if (after.isEmpty() || after.getAsDouble() <= before.getAsDouble()) {
      return null;
    }
    return (after.getAsDouble() - before.getAsDouble()) / (passes * batch);
  }
}
