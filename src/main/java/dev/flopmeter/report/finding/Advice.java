package dev.flopmeter.report.finding;

import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.units.Figures;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Something that figures say would make the network run faster.
 *
 * @param title what to do
 * @param evidence the figures that say so
 * @param gain what to expect of it, in words
 * @param savedShare the share of a pass' time it could save at most, 0 to 1; orders a list
 */
public record Advice(String title, String evidence, String gain, double savedShare) {

  /** What one kind of advice needs to see; nothing where the figures do not support it. */
  @FunctionalInterface
  interface Rule {
    Stream<Advice> of(ProfileResult result);
  }

  /**
   * All that this result supports, the most promising first. None for a result that must not be
   * believed.
   */
  public static List<Advice> of(ProfileResult result) {
    if (!result.valid() || result.device().isEmulated()) {
      return List.of();
    }
    return AdviceRules.ALL.stream()
        .flatMap(rule -> rule.of(result))
        .sorted(Comparator.comparingDouble(Advice::savedShare).reversed())
        .toList();
  }

  /**
   * What {@code results}, the same network at several batches, say about the batch of {@code one}.
   */
  public static Optional<Advice> ofBatch(ProfileResult one, List<ProfileResult> results) {
    double rate = one.throughput().inferencesPerSecond();
    return results.stream()
        .filter(ProfileResult::valid)
        .filter(other -> !other.device().isEmulated())
        .filter(other -> other.run().precision().equals(one.run().precision()))
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
        "Batch "
            + best.run().batch()
            + " was measured at "
            + Figures.number(bestRate)
            + " inferences/s against "
            + Figures.number(rate)
            + " at batch "
            + one.run().batch()
            + "; a pass then takes "
            + Figures.seconds(best.latency().median())
            + " instead of "
            + Figures.seconds(one.latency().median())
            + ".",
        Figures.number(bestRate / rate) + " times the inferences per second",
        1 - rate / bestRate);
  }
}
