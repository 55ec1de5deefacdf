package dev.flopmeter.report.html;

import dev.flopmeter.report.finding.Knee;
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
import java.util.TreeMap;
import java.util.function.DoubleFunction;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Several batches and precisions side by side: small plots over the batch, one table. */
final class SweepCharts {
  private static final double WIDTH = 310;
  private static final double HEIGHT = 220;

  private final List<ProfileResult> results;

  /** Results by precision, each in the order of its batches. */
  private final Map<String, List<ProfileResult>> series;

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
    plot(out, "Share of the peak (MFU)", SweepCharts::mfu, Figures::percent);
    out.close("div");
    if (series.size() > 1) {
      out.open("p.legend");
      int index = 0;
      for (String precision : series.keySet()) {
        out.open("span").empty("i.swatch.k" + index++).text(precision).close("span");
      }
      out.close("p");
    }
    table(out);
  }

  private static @Nullable Double mfu(ProfileResult result) {
    Utilization mfu = Utilization.mfu(result);
    return mfu == null ? null : mfu.share();
  }

  private void plot(
      Markup out,
      String title,
      Function<ProfileResult, @Nullable Double> value,
      DoubleFunction<String> label) {
    double most = 0;
    for (ProfileResult result : results) {
      Double figure = value.apply(result);
      most = figure == null ? most : Math.max(most, figure);
    }
    if (most <= 0) {
      return;
    }
    long first = results.stream().mapToLong(result -> result.run().batch()).min().orElse(1);
    long last = results.stream().mapToLong(result -> result.run().batch()).max().orElse(1);
    Plot plot =
        Plot.of(
            WIDTH,
            HEIGHT,
            new Margins(30, 14, 46, 54),
            new Range(first * 0.85, last * 1.18, true),
            new Range(0, most * 1.08, false));
    out.open(
        "svg.sweep viewBox=%s role=img aria-label=%s",
        "0 0 " + Markup.at(WIDTH) + " " + Markup.at(HEIGHT),
        title + " over the batch; the table below has the figures.");
    plot.verticalAxis(out, Tick.of(plot.y(), 4, label), title);
    List<Tick> batches =
        results.stream()
            .map(result -> result.run().batch())
            .distinct()
            .map(batch -> new Tick((double) batch, Long.toString(batch)))
            .toList();
    plot.horizontalAxis(out, batches, "Batch");
    int index = 0;
    for (List<ProfileResult> line : series.values()) {
      String colour = "k" + index++;
      double[] points =
          line.stream()
              .filter(result -> value.apply(result) != null)
              .flatMapToDouble(result -> coordinates(result, value.apply(result)))
              .toArray();
      out.empty("path.line." + colour + " d=%s", plot.path(points));
      for (int i = 0; i < points.length; i += 2) {
        out.empty(
            "circle.mark." + colour + " cx=%s cy=%s r=%s",
            plot.x().at(points[i]),
            plot.y().at(points[i + 1]),
            3.5);
      }
    }
    out.close("svg");
  }

  private static java.util.stream.DoubleStream coordinates(
      ProfileResult result, @Nullable Double value) {
    return value == null
        ? java.util.stream.DoubleStream.empty()
        : java.util.stream.DoubleStream.of((double) result.run().batch(), value);
  }

  private void table(Markup out) {
    Knee knee = new Knee(results);
    out.open("table.stack").element("caption.sr", "All runs");
    out.open("thead").open("tr");
    for (String title :
        List.of("Precision", "Batch", "Median", "Quartiles", "Inferences/s", "FLOP/s", "MFU")) {
      out.element((title.equals("Precision") ? "th" : "th.n") + " scope=col", title);
    }
    out.close("tr").close("thead").open("tbody");
    for (List<ProfileResult> line : series.values()) {
      for (ProfileResult result : line) {
        Double mfu = mfu(result);
        out.open("tr").element("th scope=row", result.run().precision().label());
        cell(out, "Batch", result.run().batch() + (knee.isAt(result) ? " (knee)" : ""));
        cell(out, "Median", Figures.seconds(result.latency().median()));
        cell(
            out,
            "Quartiles",
            Figures.seconds(result.latency().q1())
                + " – "
                + Figures.seconds(result.latency().q3()));
        cell(out, "Inferences/s", Figures.number(result.throughput().inferencesPerSecond()));
        cell(out, "FLOP/s", Figures.si(result.throughput().achievedFlopsPerSecond()));
        cell(out, "MFU", mfu == null ? "" : Figures.percent(mfu));
        out.close("tr");
      }
    }
    out.close("tbody").close("table");
    if (knee.isAnywhere()) {
      out.element("p", Knee.EXPLANATION);
    }
  }

  private static void cell(Markup out, String label, String text) {
    out.element("td.n data-l=%s", text, label);
  }
}
