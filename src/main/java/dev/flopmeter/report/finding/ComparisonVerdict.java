package dev.flopmeter.report.finding;

import dev.flopmeter.measure.Change;
import dev.flopmeter.measure.Comparison;
import dev.flopmeter.measure.ComparisonSet;
import dev.flopmeter.units.Figures;
import java.util.ArrayList;
import java.util.List;

/** The verdict on a comparison, in the same words in every format for people. */
public final class ComparisonVerdict {
  private ComparisonVerdict() {}

  /** Such as {@code Slower} or, of several pairs, {@code 3 cases: 1 slower, 2 within noise}. */
  public static String heading(ComparisonSet set) {
    if (set.comparisons().size() == 1 && set.unmatched().isEmpty()) {
      Comparison only = set.comparisons().get(0);
      String verdict = sentence(only.total().change(), only.threshold());
      return Character.toUpperCase(verdict.charAt(0)) + verdict.substring(1);
    }
    List<String> parts = new ArrayList<>();
    for (Change change : List.of(Change.SLOWER, Change.AMBIGUOUS, Change.FASTER, Change.SAME)) {
      if (set.count(change) > 0) {
        parts.add(set.count(change) + " " + word(change));
      }
    }
    if (!set.unmatched().isEmpty()) {
      parts.add(set.unmatched().size() + " not compared");
    }
    int cases = set.comparisons().size() + set.unmatched().size();
    return Verdict.count(cases, "case") + ": " + String.join(", ", parts);
  }

  /** Such as {@code resnet50, fp32, batch 1 on Card: slower, 12 ms against 11 ms (+9.1 %)}. */
  public static String of(Comparison comparison) {
    Double before = comparison.total().baseSeconds();
    Double after = comparison.total().nextSeconds();
    Double relative = comparison.total().relative();
    return Verdict.subject(comparison.next())
        + ": "
        + sentence(comparison.total().change(), comparison.threshold())
        + (before == null || after == null
            ? ""
            : ", " + Figures.seconds(after) + " against " + Figures.seconds(before))
        + (relative == null ? "" : " (" + Figures.change(relative) + ")");
  }

  private static String sentence(Change change, double threshold) {
    return switch (change) {
      case SAME -> "no change beyond noise";
      case AMBIGUOUS -> "ambiguous, differs by less than " + Figures.percent(threshold);
      default -> word(change);
    };
  }

  public static String word(Change change) {
    return change == Change.SAME ? "within noise" : change.label();
  }

  /** Whether the times certainly differ, or only one side has the layer. */
  public static boolean isMoved(Change change) {
    return change != Change.SAME && change != Change.AMBIGUOUS;
  }
}
