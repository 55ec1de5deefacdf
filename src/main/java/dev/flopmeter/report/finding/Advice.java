package dev.flopmeter.report.finding;

import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.units.Figures;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A recommendation on a result.
 *
 * @param kind what it changes, such as {@code FUSION}
 * @param title what to do
 * @param evidence the supporting figures
 * @param gain the expected gain, in words
 * @param command a command line that tests it; empty if there is none
 * @param isGuess whether the figures only suggest the reason
 * @param savedShare the maximum share of a pass' time it could save, 0 to 1; orders a list
 */
public record Advice(
    String kind,
    String title,
    String evidence,
    String gain,
    String command,
    boolean isGuess,
    double savedShare) {

  /** Below this share of a pass a change is lost in the noise. */
  private static final double WORTH_A_CHANGE = 0.03;

  /**
   * All recommendations that this result supports, the most promising first. Empty for an invalid
   * result. A network above twice its time at the roofs gets at least the largest one.
   */
  public static List<Advice> of(ProfileResult result) {
    if (!result.valid() || result.device().isEmulated()) {
      return List.of();
    }
    List<Advice> all =
        AdviceRules.all(result)
            .sorted(Comparator.comparingDouble(Advice::savedShare).reversed())
            .toList();
    List<Advice> worth = all.stream().filter(one -> one.savedShare >= WORTH_A_CHANGE).toList();
    return worth.isEmpty() && Breakdown.isSlow(result)
        ? all.subList(0, Math.min(1, all.size()))
        : worth;
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
        .flatMap(best -> largerBatch(one, best).findFirst());
  }

  private static Stream<Advice> largerBatch(ProfileResult one, ProfileResult best) {
    double rate = one.throughput().inferencesPerSecond();
    double bestRate = best.throughput().inferencesPerSecond();
    return new AdviceText(one)
        .with("larger", best.run().batch())
        .with("batches", new TestCommand(one).batch(best.run().batch()))
        .with("rate", Figures.number(rate))
        .with("larger_rate", Figures.number(bestRate))
        .with("seconds", Figures.seconds(one.latency().median()))
        .with("larger_seconds", Figures.seconds(best.latency().median()))
        .with("times", Figures.number(bestRate / rate))
        .advise("larger batch", 1 - rate / bestRate);
  }
}
