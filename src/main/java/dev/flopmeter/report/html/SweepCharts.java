package dev.flopmeter.report.html;

import dev.flopmeter.report.finding.Column;
import dev.flopmeter.report.finding.Knee;
import dev.flopmeter.report.finding.RunColumns;
import dev.flopmeter.report.finding.Verdict.Utilization;
import dev.flopmeter.report.page.Markup;
import dev.flopmeter.report.page.Plot;
import dev.flopmeter.report.page.Plot.Margins;
import dev.flopmeter.report.page.Plot.Range;
import dev.flopmeter.report.page.Plot.Tick;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.units.Figures;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.DoubleFunction;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/** Several batches and precisions side by side: small plots over the batch, one table. */
final class SweepCharts {
  /** Results by precision, each in the order of its batches. */
  private final Map<String, List<ProfileResult>> series;

  private final List<ProfileResult> results;

  SweepCharts(List<ProfileResult> results) {
    this.results = results;
    this.series =
        results.stream()
            .sorted(Comparator.comparingLong(result -> result.run().batch()))
            .collect(
                Collectors.groupingBy(
                    result -> result.run().precision().label(), TreeMap::new, Collectors.toList()));
  }

  void draw(Markup out) {
    out.open("div.multiples");
    plot(out, "Inferences per second", r -> r.throughput().inferencesPerSecond(), Figures::si);
    plot(out, "Median time of a pass", r -> r.latency().median(), Figures::seconds);
    plot(out, "Share of the peak (MFU)", Utilization::mfuShare, Figures::percent);
    out.close("div");
    if (series.size() > 1) {
      out.open("p.legend");
      int index = 0;
      for (String precision : series.keySet()) {
        out.open("span").empty("i.swatch.k" + index++).text(precision).close("span");
      }
      out.close("p");
    }
    Knee knee = new Knee(results);
    List<Column<ProfileResult>> columns = RunColumns.ofSweep(knee, results);
    List<ProfileResult> inOrder = series.values().stream().flatMap(List::stream).toList();
    HtmlReport.stack(out, "All runs", columns.subList(1, columns.size()), inOrder);
    if (knee.isAnywhere()) {
      out.element("p", Knee.EXPLANATION);
    }
  }

  private void plot(
      Markup out,
      String title,
      Function<ProfileResult, @Nullable Double> value,
      DoubleFunction<String> label) {
    double most =
        results.stream()
            .map(value)
            .filter(Objects::nonNull)
            .mapToDouble(figure -> figure)
            .max()
            .orElse(0);
    if (most <= 0) {
      return;
    }
    List<Long> batches =
        results.stream().map(result -> result.run().batch()).distinct().sorted().toList();
    Plot plot =
        Plot.of(
            310,
            220,
            new Margins(30, 14, 46, 54),
            new Range(batches.get(0) * 0.85, batches.get(batches.size() - 1) * 1.18, true),
            new Range(0, most * 1.08, false));
    plot.open(out, "sweep", "img", title + " over the batch; the table below has the figures.");
    plot.verticalAxis(out, Tick.of(plot.y(), 4, label), title);
    List<Tick> ticks =
        batches.stream().map(batch -> new Tick((double) batch, Long.toString(batch))).toList();
    plot.horizontalAxis(out, ticks, "Batch");
    int index = 0;
    for (List<ProfileResult> line : series.values()) {
      String colour = "k" + index++;
      double[] points = line.stream().flatMapToDouble(one -> point(one, value)).toArray();
      out.empty("path.line." + colour + " d=%s", plot.path(points));
      for (int i = 0; i < points.length; i += 2) {
        double x = plot.x().at(points[i]);
        out.empty("circle.mark." + colour + " cx=%s cy=%s r=3.5", x, plot.y().at(points[i + 1]));
      }
    }
    out.close("svg");
  }

  /** A result's place in a plot; nothing where it has no such figure. */
  private static DoubleStream point(
      ProfileResult result, Function<ProfileResult, @Nullable Double> value) {
    Double figure = value.apply(result);
    return figure == null
        ? DoubleStream.empty()
        : DoubleStream.of((double) result.run().batch(), figure);
  }
}
