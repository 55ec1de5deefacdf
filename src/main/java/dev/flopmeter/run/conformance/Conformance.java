package dev.flopmeter.run.conformance;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The results of a set of cases.
 *
 * @param backend the backend's name
 * @param results in the order they were run
 */
public record Conformance(String backend, List<CaseResult> results) {
  public Conformance {
    results = List.copyOf(results);
  }

  /** Numbers of cases by outcome. */
  public record Tally(int passed, int failed, int unsupported, int invalid) {
    static final Tally NONE = new Tally(0, 0, 0, 0);

    Tally plus(CaseOutcome outcome) {
      return switch (outcome) {
        case PASSED -> new Tally(passed + 1, failed, unsupported, invalid);
        case FAILED -> new Tally(passed, failed + 1, unsupported, invalid);
        case UNSUPPORTED -> new Tally(passed, failed, unsupported + 1, invalid);
        case INVALID -> new Tally(passed, failed, unsupported, invalid + 1);
      };
    }
  }

  public Tally total() {
    Tally tally = Tally.NONE;
    for (CaseResult result : results) {
      tally = tally.plus(result.outcome());
    }
    return tally;
  }

  /** Tallies by operator, in alphabetical order. */
  public Map<String, Tally> byOperator() {
    Map<String, Tally> tallies = new TreeMap<>();
    for (CaseResult result : results) {
      tallies.merge(
          result.operator(),
          Tally.NONE.plus(result.outcome()),
          (before, ignored) -> before.plus(result.outcome()));
    }
    return Collections.unmodifiableMap(new LinkedHashMap<>(tallies));
  }

  /** The results that ended so. */
  public List<CaseResult> of(CaseOutcome outcome) {
    return results.stream().filter(result -> result.outcome() == outcome).toList();
  }
}
