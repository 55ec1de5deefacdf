package dev.flopmeter.report.html;

import dev.flopmeter.report.finding.Advice;
import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.report.page.Page;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Time;
import dev.flopmeter.text.Cut;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A profile as one HTML file to attach to a ticket: no network, no library, light and dark, for
 * print, keyboard and screen reader. Each result is a separate article; several results (a sweep
 * over batches and precisions) are compared first.
 */
public record HtmlReport(Page page, List<ProfileResult> results, OperatorColours colours) {
  /**
   * The page, as a file or for an HTTP response.
   *
   * @param results at least one
   * @param nonce of the response's policy ({@link Page#policy}); null for a file
   */
  public static String page(List<ProfileResult> results, @Nullable String nonce) {
    String title = Cut.name(results.get(0).model().name()) + " – flopmeter";
    Page page = new Page(title, "profile", "report.js", nonce);
    return Page.render(
        "report/html/profile.jte", new HtmlReport(page, results, new OperatorColours(results)));
  }

  /** The notice for results of emulated devices; empty for real ones. */
  static List<String> emulated(List<ProfileResult> results) {
    return results.stream()
        .filter(result -> result.device().isEmulated())
        .map(result -> Verdict.emulated(result.device().name()))
        .distinct()
        .toList();
  }

  /** The index of the result with most inferences per second, if possible of a valid one. */
  int best() {
    ProfileResult best =
        results.stream()
            .max(
                Comparator.comparing(ProfileResult::valid)
                    .thenComparingDouble(result -> result.throughput().inferencesPerSecond()))
            .orElseThrow();
    return results.indexOf(best);
  }

  List<Advice> advice(ProfileResult result) {
    Optional<Advice> ofBatch =
        results.size() > 1 ? Advice.ofBatch(result, results) : Optional.empty();
    return Stream.concat(Advice.of(result).stream(), ofBatch.stream()).toList();
  }

  /** The median of the longest-running layer, in seconds; 0 without layers. */
  static double longest(ProfileResult result) {
    return result.layers().stream().mapToDouble(layer -> layer.time().median()).max().orElse(0);
  }

  static @Nullable Double spread(Time time) {
    return time.median() > 0 ? (time.q3() - time.q1()) / time.median() : null;
  }

  static String kernel(Layer layer) {
    String mark = layer.asRun() == null ? null : "work as run";
    return Stream.of(
            layer.kernel().algorithm(), layer.kernel().layout(), layer.kernel().math(), mark)
        .filter(Objects::nonNull)
        .collect(Collectors.joining(", "));
  }
}
