package dev.flopmeter.measure;

import dev.flopmeter.device.Device;
import dev.flopmeter.result.Precision;
import org.jspecify.annotations.Nullable;

/**
 * The comparison of two networks that ran by turns. Changes are shares of the base's time.
 *
 * @param verdict null if the time limit was reached first
 * @param pairs turns of each
 * @param baseSeconds median of the base's turns
 * @param change median of the turns' relative changes
 * @param low the smallest change that is not ruled out; null while there are too few turns
 * @param high the largest
 * @param seconds duration, including warm-up
 */
public record Turns(
    Side base,
    Side next,
    Rules rules,
    @Nullable Change verdict,
    int pairs,
    double baseSeconds,
    double nextSeconds,
    double change,
    @Nullable Double low,
    @Nullable Double high,
    double seconds) {

  /**
   * When to stop.
   *
   * @param threshold the smallest change that counts, as a share
   * @param errorRate maximum probability of a wrong verdict
   * @param limitSeconds wall time, including warm-up
   * @param seed of the random order of turns
   */
  public record Rules(double threshold, double errorRate, double limitSeconds, long seed) {}

  public record Side(
      String model, String backend, Device device, Precision precision, long batch) {}

  /** Whether it is confirmed that the new network is slower by more than the threshold. */
  public boolean isSlower() {
    return verdict == Change.SLOWER;
  }
}
