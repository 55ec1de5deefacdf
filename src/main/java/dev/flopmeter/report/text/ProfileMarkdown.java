package dev.flopmeter.report.text;

import dev.flopmeter.report.finding.Breakdown;
import dev.flopmeter.report.finding.Knee;
import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.report.finding.Verdict.Utilization;
import dev.flopmeter.result.Bound;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.units.Figures;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Profiles as Markdown for a pull request or a ticket: verdicts, totals, the longest layers. */
public final class ProfileMarkdown {
  private ProfileMarkdown() {}

  public static String render(List<ProfileResult> results) {
    StringBuilder out = new StringBuilder();
    for (ProfileResult result : results) {
      out.append("**").append(MarkdownText.escaped(Verdict.of(result))).append("**\n\n");
      for (String warning : result.warnings()) {
        out.append("> Warning: ").append(MarkdownText.escaped(warning)).append("\n\n");
      }
    }
    Knee knee = new Knee(results);
    MarkdownText.row(
        out, "Model", "Precision", "Batch", "Median", "Quartiles", "Inferences/s", "FLOP/s", "MFU");
    MarkdownText.row(out, "---", "---", "--:", "--:", "--:", "--:", "--:", "--:");
    for (ProfileResult result : results) {
      Utilization mfu = Utilization.mfu(result);
      MarkdownText.row(
          out,
          MarkdownText.escaped(result.model().name()),
          result.run().precision().label(),
          result.run().batch() + (knee.isAt(result) ? " (knee)" : ""),
          Figures.seconds(result.latency().median()),
          Figures.seconds(result.latency().q1()) + " to " + Figures.seconds(result.latency().q3()),
          Figures.number(result.throughput().inferencesPerSecond()),
          Figures.si(result.throughput().achievedFlopsPerSecond()),
          mfu == null ? "" : Figures.percent(mfu.share()));
    }
    if (knee.isAnywhere()) {
      out.append('\n').append(Knee.EXPLANATION).append('\n');
    }
    for (ProfileResult result : results) {
      layers(out, result);
    }
    return out.toString();
  }

  private static void layers(StringBuilder out, ProfileResult result) {
    double total = Breakdown.seconds(result);
    if (result.layers().isEmpty() || total <= 0) {
      return;
    }
    List<Layer> longest = Breakdown.longestFirst(result);
    int shown = Math.min(ProfileTable.TOP_LAYERS, longest.size());
    out.append("\n<details><summary>")
        .append(
            shown == longest.size()
                ? "All " + Verdict.count(shown, "layer")
                : "The " + shown + " longest of " + longest.size() + " layers")
        .append(", batch ")
        .append(result.run().batch())
        .append("</summary>\n\n");
    MarkdownText.row(out, "Layer", "Op", "MACs", "Time", "Share", "FLOP/s", "Of roof", "Bound");
    MarkdownText.row(out, "---", "---", "--:", "--:", "--:", "--:", "--:", "---");
    for (Layer layer : longest.subList(0, shown)) {
      MarkdownText.row(
          out,
          MarkdownText.code(layer.name()),
          MarkdownText.escaped(layer.op()),
          layer.cost().macs() == 0 ? "" : Figures.si(layer.cost().macs()),
          Figures.seconds(layer.time().median()),
          Figures.percent(layer.time().median() / total),
          text(layer.achievedFlopsPerSecond(), Figures::si),
          text(layer.rooflineEfficiency(), Figures::percent),
          text(layer.bound(), Bound::label));
    }
    out.append("\n</details>\n");
  }

  private static <T> String text(@Nullable T value, Function<T, String> format) {
    return value == null ? "" : format.apply(value);
  }
}
