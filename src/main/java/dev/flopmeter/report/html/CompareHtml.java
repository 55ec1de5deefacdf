package dev.flopmeter.report.html;

import dev.flopmeter.measure.Comparison;
import dev.flopmeter.measure.ComparisonSet;
import dev.flopmeter.report.finding.ComparisonVerdict;
import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.report.page.Page;
import dev.flopmeter.result.ProfileResult;
import java.util.List;
import java.util.stream.Stream;

/** A comparison of two profiles as one HTML file: the verdict, both rooflines, the changes. */
public record CompareHtml(ComparisonSet set) {
  static final Page PAGE = new Page("Comparison – flopmeter", "comparison", "report.js", null);

  public static String render(ComparisonSet set) {
    return Page.render("report/html/compare.jte", new CompareHtml(set));
  }

  List<ProfileResult> results() {
    return set.comparisons().stream().flatMap(one -> Stream.of(one.base(), one.next())).toList();
  }

  List<String> labels() {
    return set.comparisons().stream().map(CompareHtml::label).toList();
  }

  private static String label(Comparison one) {
    return Verdict.setting(one.next()) + ": " + ComparisonVerdict.word(one.total().change());
  }
}
