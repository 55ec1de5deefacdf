package dev.flopmeter.serve;

import dev.flopmeter.report.finding.Advice;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ResultFormatException;
import dev.flopmeter.serve.history.History;
import dev.flopmeter.serve.result.SeriesKey;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The most promising advice on the last result of each series. It needs all layers of a result, so
 * it is found when the page first asks for it, once per result.
 *
 * <p>Thread-safe; only one result is read at a time.
 */
final class Recommendations {
  /** Advice on the history's entry of this number. */
  private record Known(long number, Optional<Advice> advice) {}

  private final Map<SeriesKey, Known> known = new HashMap<>();

  /** The advice on a series' last result; none if its figures support none. */
  synchronized Optional<Advice> of(PublishedState.SeriesView series, History history) {
    Known last = known.get(series.key());
    if (last == null || last.number() != series.entry().number()) {
      last = new Known(series.entry().number(), advice(series, history));
      known.put(series.key(), last);
    }
    return last.advice();
  }

  private static Optional<Advice> advice(PublishedState.SeriesView series, History history) {
    if (!series.entry().isValid()) {
      return Optional.empty();
    }
    return history
        .json(series.entry())
        .flatMap(
            json -> {
              try {
                return Advice.of(ProfileJson.read(json)).stream().findFirst();
              } catch (ResultFormatException e) {
                return Optional.empty(); // written by another version of the worker
              }
            });
  }

  /** Forgets series that are no longer known. */
  synchronized void keepOnly(List<PublishedState.SeriesView> series) {
    Set<SeriesKey> kept = new HashSet<>();
    series.forEach(one -> kept.add(one.key()));
    known.keySet().retainAll(kept);
  }
}
