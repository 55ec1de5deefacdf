package dev.flopmeter.run.conformance;

import static java.util.stream.Collectors.collectingAndThen;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toList;

import java.util.List;
import java.util.SortedMap;
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
    private static Tally of(List<CaseResult> results) {
      return new Tally(
          count(results, CaseOutcome.PASSED),
          count(results, CaseOutcome.FAILED),
          count(results, CaseOutcome.UNSUPPORTED),
          count(results, CaseOutcome.INVALID));
    }

    private static int count(List<CaseResult> results, CaseOutcome outcome) {
      return (int) results.stream().filter(result -> result.outcome() == outcome).count();
    }
  }

  public Tally total() {
    return Tally.of(results);
  }

  /** Tallies by operator, in alphabetical order. */
  public SortedMap<String, Tally> byOperator() {
    return results.stream()
        .collect(
            groupingBy(CaseResult::operator, TreeMap::new, collectingAndThen(toList(), Tally::of)));
  }

  public List<CaseResult> of(CaseOutcome outcome) {
    return results.stream().filter(result -> result.outcome() == outcome).toList();
  }
}
