package dev.flopmeter.report.finding;

import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.units.Figures;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * A recommendation that a result's figures support.
 *
 * @param title what to do
 * @param evidence the figures that say so
 * @param gain the expected gain, in words
 * @param savedShare the share of a pass' time it could save at most, 0 to 1; orders a list
 */
public record Advice(String title, String evidence, String gain, double savedShare) {

  /**
   * All that this result supports, the most promising first. Empty for a result that is not valid.
   */
  public static List<Advice> of(ProfileResult result) {
    if (!result.valid() || result.device().isEmulated()) {
      return List.of();
    }
    return AdviceRules.all(result)
        .sorted(Comparator.comparingDouble(Advice::savedShare).reversed())
        .toList();
  }

  /**
   * A recommendation on the batch of {@code one} from {@code results} of the same network at
   * several batches.
   */
  public static Optional<Advice> ofBatch(ProfileResult one, List<ProfileResult> results) {
    double rate = one.throughput().inferencesPerSecond();
    return results.stream()
        .filter(other -> other.valid() && !other.device().isEmulated())
        .filter(other -> other.run().precision() == one.run().precision())
        .filter(other -> other.model().name().equals(one.model().name()))
        .filter(other -> other.run().batch() > one.run().batch())
        .filter(other -> other.throughput().inferencesPerSecond() >= 1.15 * rate)
        .max(Comparator.comparingDouble(other -> other.throughput().inferencesPerSecond()))
        .map(best -> largerBatch(one, best));
  }

  private static Advice largerBatch(ProfileResult one, ProfileResult best) {
    double rate = one.throughput().inferencesPerSecond();
    double bestRate = best.throughput().inferencesPerSecond();
    return new Advice(
        "Where latency allows, use batch " + best.run().batch(),
        String.format(
            "Batch %s was measured at %s inferences/s against %s at batch %s; a pass then takes %s"
                + " instead of %s.",
            best.run().batch(),
            Figures.number(bestRate),
            Figures.number(rate),
            one.run().batch(),
            Figures.seconds(best.latency().median()),
            Figures.seconds(one.latency().median())),
        Figures.number(bestRate / rate) + " times the inferences per second",
        1 - rate / bestRate);
  }
}
