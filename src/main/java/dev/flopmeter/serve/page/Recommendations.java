package dev.flopmeter.serve.page;

import dev.flopmeter.report.finding.Advice;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.serve.history.History;
import dev.flopmeter.serve.page.Snapshot.Series;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The most promising advice on the last result of each series. It needs all layers of a result, so
 * it is found when the page first asks for it, once per result.
 *
 * <p>Thread-safe; only one result is read at a time.
 */
public final class Recommendations {
  /** Advice on the last result of a series. */
  public record Recommendation(Series series, Advice advice) {}

  /** By the number of the history's entry. */
  private final Map<Long, Optional<Advice>> known = new HashMap<>();

  /** The one that would save the largest share; empty if no result supports any. */
  public synchronized Optional<Recommendation> best(List<Series> all, History history) {
    known
        .keySet()
        .retainAll(all.stream().map(series -> series.entry().number()).collect(Collectors.toSet()));
    return all.stream()
        .filter(Series::isFresh)
        .flatMap(
            series ->
                known
                    .computeIfAbsent(series.entry().number(), unseen -> advice(series, history))
                    .map(advice -> new Recommendation(series, advice))
                    .stream())
        .max(Comparator.comparingDouble(one -> one.advice().savedShare()));
  }

  private static Optional<Advice> advice(Series series, History history) {
    if (!series.entry().isValid()) {
      return Optional.empty();
    }
    return history
        .json(series.entry())
        .flatMap(ProfileJson::find)
        .flatMap(profile -> Advice.of(profile).stream().findFirst());
  }
}
