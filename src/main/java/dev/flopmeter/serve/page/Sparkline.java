package dev.flopmeter.serve.page;

import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.report.page.Markup;
import dev.flopmeter.report.page.Scale;
import dev.flopmeter.serve.history.HistoryEntry;
import dev.flopmeter.units.Figures;
import java.time.Instant;
import java.util.List;

/** The history of a series as a line in a table cell: medians over time, the last one marked. */
final class Sparkline {
  private Sparkline() {}

  private static final double WIDTH = 150;
  private static final double HEIGHT = 30;
  private static final double EDGE = 4;

  static void draw(Markup out, List<HistoryEntry> history) {
    if (history.size() < 2) {
      return;
    }
    double low = history.stream().mapToDouble(HistoryEntry::median).min().orElse(0);
    double high = history.stream().mapToDouble(HistoryEntry::median).max().orElse(1);
    // Noise of a percent must not look like a mountain range.
    double middle = (low + high) / 2;
    double half = Math.max((high - low) / 2, 0.05 * middle);
    Scale y = Scale.linear(middle - half, middle + half, HEIGHT - EDGE, EDGE);
    Scale x =
        Scale.linear(
            epoch(history.get(0).at()),
            epoch(history.get(history.size() - 1).at()),
            EDGE,
            WIDTH - EDGE);
    HistoryEntry last = history.get(history.size() - 1);
    out.open(
        "svg.spark viewBox=%s role=img aria-label=%s",
        "0 0 " + Markup.at(WIDTH) + " " + Markup.at(HEIGHT),
        "%s from %s to %s, the last %s"
            .formatted(
                Verdict.count(history.size(), "result"),
                Figures.seconds(low),
                Figures.seconds(high),
                Figures.seconds(last.median())));
    StringBuilder path = new StringBuilder();
    for (HistoryEntry sample : history) {
      path.append(path.length() == 0 ? 'M' : 'L')
          .append(Markup.at(x.at(epoch(sample.at()))))
          .append(' ')
          .append(Markup.at(y.at(sample.median())));
    }
    out.empty("path.line.k0 d=%s", path.toString());
    for (HistoryEntry sample : history) {
      if (!sample.isValid()) {
        mark(out, "k1", x, y, sample, 2);
      }
    }
    mark(out, last.isValid() ? "k0" : "k1", x, y, last, 3);
    out.close("svg");
    caption(out, history, low, high);
  }

  /** What the line shows, for those who see it. */
  private static void caption(Markup out, List<HistoryEntry> history, double low, double high) {
    long invalid = history.stream().filter(sample -> !sample.isValid()).count();
    out.open("span.soft.small").text(history.size() + " results, ");
    out.text(Figures.seconds(low) + " to " + Figures.seconds(high));
    if (invalid > 0) {
      out.text(", ").element("span.invalid-mark", invalid + " not valid");
    }
    out.close("span");
  }

  private static double epoch(Instant at) {
    return (double) at.getEpochSecond();
  }

  private static void mark(
      Markup out, String style, Scale x, Scale y, HistoryEntry sample, double radius) {
    out.empty(
        "circle.mark." + style + " cx=%s cy=%s r=%s",
        x.at(epoch(sample.at())),
        y.at(sample.median()),
        radius);
  }
}
