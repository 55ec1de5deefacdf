package dev.flopmeter.measure;

import java.util.ArrayList;
import java.util.List;

/**
 * The results of two files, matched.
 *
 * @param comparisons one per pair
 * @param unmatched what only one of the files holds
 */
public record ComparisonSet(List<Comparison> comparisons, List<String> unmatched) {
  public ComparisonSet {
    comparisons = List.copyOf(comparisons);
    unmatched = List.copyOf(unmatched);
  }

  /**
   * Matches results by model, inputs, precision and batch. One result against one is a pair
   * whatever they are.
   */
  public static ComparisonSet of(
      List<ProfileResult> base, List<ProfileResult> next, double threshold) {
    if (base.size() == 1 && next.size() == 1) {
      return new ComparisonSet(
          List.of(Comparison.of(base.get(0), next.get(0), threshold)), List.of());
    }
    List<ProfileResult> left = new ArrayList<>(next);
    List<Comparison> comparisons = new ArrayList<>();
    List<String> unmatched = new ArrayList<>();
    for (ProfileResult one : base) {
      ProfileResult other =
          left.stream().filter(found -> key(found).equals(key(one))).findFirst().orElse(null);
      if (other == null) {
        unmatched.add("only BASE has " + key(one));
      } else {
        left.remove(other);
        comparisons.add(Comparison.of(one, other, threshold));
      }
    }
    left.forEach(one -> unmatched.add("only NEW has " + key(one)));
    return new ComparisonSet(comparisons, unmatched);
  }

  private static String key(ProfileResult result) {
    return result.model().name()
        + ", "
        + result.run().precision()
        + ", batch "
        + result.run().batch()
        + ", "
        + result.model().inputs().stream().map(input -> input.type().shape().toString()).toList();
  }

  /** Whether any pair is confirmed to be slower. */
  public boolean isSlower() {
    return comparisons.stream().anyMatch(Comparison::isSlower);
  }
}
