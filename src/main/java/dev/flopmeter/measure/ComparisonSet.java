package dev.flopmeter.measure;

import dev.flopmeter.result.ProfileResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The results of two files, matched.
 *
 * @param comparisons one per pair
 * @param unmatched results that only one of the files has
 * @param notes results of a file that a later result of the same case replaces
 */
public record ComparisonSet(
    List<Comparison> comparisons, List<String> unmatched, List<String> notes) {
  public ComparisonSet {
    comparisons = List.copyOf(comparisons);
    unmatched = List.copyOf(unmatched);
    notes = List.copyOf(notes);
  }

  /**
   * Matches results by model, inputs, precision and batch; among several of these, by backend and
   * device. A case that occurs more than once in a file counts with its last result. One result
   * against one is a pair, even if they differ.
   */
  public static ComparisonSet of(
      List<ProfileResult> base, List<ProfileResult> next, double threshold) {
    List<String> notes = new ArrayList<>();
    List<ProfileResult> bases = lastOfEachCase("BASE", base, notes);
    List<ProfileResult> before = new ArrayList<>(bases);
    List<ProfileResult> after = new ArrayList<>(lastOfEachCase("NEW", next, notes));
    if (before.size() == 1 && after.size() == 1) {
      return new ComparisonSet(
          List.of(new Comparison(before.get(0), after.get(0), threshold)), List.of(), notes);
    }
    Map<ProfileResult, ProfileResult> pairs = new HashMap<>();
    pair(before, after, ComparisonSet::place, pairs);
    pair(before, after, ComparisonSet::work, pairs);
    List<Comparison> comparisons = new ArrayList<>();
    for (ProfileResult one : bases) {
      ProfileResult other = pairs.get(one);
      if (other != null) {
        comparisons.add(new Comparison(one, other, threshold));
      }
    }
    List<String> unmatched =
        Stream.concat(
                before.stream().map(one -> "only BASE has " + place(one)),
                after.stream().map(one -> "only NEW has " + place(one)))
            .toList();
    return new ComparisonSet(comparisons, unmatched, notes);
  }

  private static List<ProfileResult> lastOfEachCase(
      String file, List<ProfileResult> results, List<String> notes) {
    Map<String, ProfileResult> last = new LinkedHashMap<>();
    Map<String, Integer> counts = new LinkedHashMap<>();
    for (ProfileResult result : results) {
      last.put(place(result), result);
      counts.merge(place(result), 1, Integer::sum);
    }
    counts.values().removeIf(count -> count == 1);
    counts.forEach(
        (name, count) ->
            notes.add(file + " has " + count + " results of " + name + "; the last is used"));
    return List.copyOf(last.values());
  }

  /** Moves results with equal keys out of both lists. */
  private static void pair(
      List<ProfileResult> before,
      List<ProfileResult> after,
      Function<ProfileResult, String> key,
      Map<ProfileResult, ProfileResult> pairs) {
    for (ProfileResult one : List.copyOf(before)) {
      after.stream()
          .filter(other -> key.apply(other).equals(key.apply(one)))
          .findFirst()
          .ifPresent(
              other -> {
                before.remove(one);
                after.remove(other);
                pairs.put(one, other);
              });
    }
  }

  private static String work(ProfileResult result) {
    List<String> inputs =
        result.model().inputs().stream().map(input -> input.type().shape().toString()).toList();
    return "%s, %s, batch %s, %s"
        .formatted(result.model().name(), result.run().precision(), result.run().batch(), inputs);
  }

  /** The network, and its form. */
  private static String place(ProfileResult result) {
    return work(result) + " (" + result.run().backend() + " on " + result.device().name() + ")";
  }

  /** The most serious verdict: slower, else ambiguous, else faster, else the same. */
  public Change verdict() {
    return Stream.of(Change.SLOWER, Change.AMBIGUOUS, Change.FASTER)
        .filter(change -> count(change) > 0)
        .findFirst()
        .orElse(Change.SAME);
  }

  /** The number of pairs with this verdict on the whole pass. */
  public long count(Change change) {
    return comparisons.stream().filter(one -> one.total().change() == change).count();
  }

  /** Whether any pair's whole pass is confirmed to be slower; single layers do not decide. */
  public boolean isSlower() {
    return count(Change.SLOWER) > 0;
  }
}
