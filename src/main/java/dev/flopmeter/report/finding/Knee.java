package dev.flopmeter.report.finding;

import dev.flopmeter.result.ProfileResult;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The knee of a sweep over batches: the smallest batch that reaches nine tenths of the largest
 * throughput, beyond which a larger one mostly costs latency. A sweep that still rises at its end,
 * or has fewer than three valid results of a model and precision, shows none.
 */
public final class Knee {
  public static final String EXPLANATION =
      "knee: the smallest batch with 90 % of the largest throughput";

  private static final double SHARE = 0.9;
  private static final int FEWEST = 3;

  /** By model and precision. */
  private final Map<List<String>, Long> batches = new HashMap<>();

  public Knee(List<ProfileResult> results) {
    results.stream()
        .filter(ProfileResult::valid)
        .collect(Collectors.groupingBy(Knee::line))
        .forEach((line, some) -> batch(some).ifPresent(batch -> batches.put(line, batch)));
  }

  private static List<String> line(ProfileResult result) {
    return List.of(result.model().name(), result.run().precision().label());
  }

  private static Optional<Long> batch(List<ProfileResult> line) {
    if (line.stream().map(result -> result.run().batch()).distinct().count() < FEWEST) {
      return Optional.empty();
    }
    double best = line.stream().mapToDouble(Knee::rate).max().orElseThrow();
    long last = line.stream().mapToLong(result -> result.run().batch()).max().orElseThrow();
    return line.stream()
        .filter(result -> rate(result) >= SHARE * best)
        .min(Comparator.comparingLong(result -> result.run().batch()))
        .map(result -> result.run().batch())
        .filter(batch -> batch < last);
  }

  private static double rate(ProfileResult result) {
    return result.throughput().inferencesPerSecond();
  }

  public boolean isAnywhere() {
    return !batches.isEmpty();
  }

  public boolean isAt(ProfileResult result) {
    Long batch = batches.get(line(result));
    return batch != null && batch == result.run().batch();
  }
}
