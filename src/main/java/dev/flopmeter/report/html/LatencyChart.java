package dev.flopmeter.report.html;

import dev.flopmeter.report.page.Markup;
import dev.flopmeter.report.page.Plot;
import dev.flopmeter.report.page.Plot.Margins;
import dev.flopmeter.report.page.Plot.Range;
import dev.flopmeter.report.page.Plot.Tick;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Latency;
import dev.flopmeter.units.Figures;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How the time of a pass is distributed: a box of the quartiles; a histogram of kept samples. */
final class LatencyChart {
  private static final double WIDTH = 560;
  private static final double HEIGHT = 250;
  private static final double BOX_HEIGHT = 120;
  private static final int MOST_BINS = 48;

  private final ProfileResult result;
  private final Latency latency;

  LatencyChart(ProfileResult result) {
    this.result = result;
    this.latency = result.latency();
  }

  void draw(Markup out) {
    out.open("div.columns.wide-first");
    List<Double> samples = result.run().rawSeconds();
    boolean hasSamples = samples != null && samples.size() >= 10;
    double height = hasSamples ? HEIGHT : BOX_HEIGHT;
    double low = latency.min();
    double high = highest(hasSamples ? samples : null);
    double pad = Math.max((high - low) * 0.04, low * 0.002);
    Plot plot =
        Plot.of(
            WIDTH,
            height,
            new Margins(12, 14, 46, 14),
            new Range(low - pad, high + pad, false),
            new Range(0, 1, false));
    String label = "Distribution of the time of a pass; the table beside it has the figures.";
    plot.open(out, "latency", "img", label);
    plot.horizontalAxis(out, Tick.of(plot.x(), 6, Figures::seconds), "Time of a pass");
    if (hasSamples && samples != null) {
      histogram(out, plot, samples, low, high);
    }
    box(out, plot);
    out.close("svg");
    table(out);
    out.close("div");
  }

  /** The far end of the axis: the tail's last known place, or the samples' end without outliers. */
  private double highest(@Nullable List<Double> samples) {
    double high = latency.q3() + 1.5 * (latency.q3() - latency.q1());
    for (Double tail : tails()) {
      high = tail == null ? high : Math.max(high, tail);
    }
    if (samples != null) {
      double limit = latency.q3() + 8 * (latency.q3() - latency.q1());
      for (double sample : samples) {
        high = sample <= limit ? Math.max(high, sample) : high;
      }
    }
    return Math.max(high, latency.median());
  }

  private List<@Nullable Double> tails() {
    return Arrays.asList(latency.p90(), latency.p95(), latency.p99());
  }

  private static void histogram(
      Markup out, Plot plot, List<Double> samples, double low, double high) {
    int bins =
        (int) Math.min(MOST_BINS, Math.max(8, Math.round(2 * Math.cbrt(samples.size()) * 2)));
    int[] counts = new int[bins];
    double width = Math.max(high - low, 1e-12) / bins;
    int most = 1;
    for (double sample : samples) {
      int bin = (int) Math.min(bins - 1, Math.max(0, Math.floor((sample - low) / width)));
      most = Math.max(most, ++counts[bin]);
    }
    double floor = plot.bottom() - 46;
    for (int i = 0; i < bins; i++) {
      double x = plot.x().at(low + i * width);
      double end = plot.x().at(low + (i + 1) * width);
      double height = (floor - plot.top()) * counts[i] / most;
      String rect = "rect.bin x=%s y=%s width=%s height=%s";
      out.empty(rect, x + 0.5, floor - height, Math.max(0.5, end - x - 1), height);
    }
  }

  private void box(Markup out, Plot plot) {
    double middle = plot.bottom() - 18;
    double min = plot.x().at(latency.min());
    double q1 = plot.x().at(latency.q1());
    double q3 = plot.x().at(latency.q3());
    double reach = Math.min(latency.q3() + 1.5 * (latency.q3() - latency.q1()), plot.x().to());
    double end = plot.x().at(reach);
    out.open("g.box");
    out.empty("line x1=%s x2=%s y1=%s y2=%s", min, end, middle, middle);
    out.empty(
        "rect x=%s y=%s width=%s height=%s rx=%s", q1, middle - 9, Math.max(1, q3 - q1), 18.0, 2.0);
    double median = plot.x().at(latency.median());
    out.empty("line.median x1=%s x2=%s y1=%s y2=%s", median, median, middle - 12, middle + 12);
    String[] names = {"p90", "p95", "p99"};
    List<@Nullable Double> tails = tails();
    for (int i = 0; i < names.length; i++) {
      Double tail = tails.get(i);
      if (tail != null) {
        double x = plot.x().at(tail);
        out.empty("line.tail x1=%s x2=%s y1=%s y2=%s", x, x, middle - 7, middle + 7);
        out.element("text x=%s y=%s text-anchor=middle", names[i], x, middle - 13);
      }
    }
    out.close("g");
  }

  private void table(Markup out) {
    Facts facts = new Facts(out, "", "Time of a pass");
    facts.add("Least", latency.min(), Figures::seconds);
    facts.add("First quartile", latency.q1(), Figures::seconds);
    facts.add("Median", latency.median(), Figures::seconds);
    facts.add("Third quartile", latency.q3(), Figures::seconds);
    facts.add("90th percentile", latency.p90(), Figures::seconds);
    facts.add("95th percentile", latency.p95(), Figures::seconds);
    facts.add("99th percentile", latency.p99(), Figures::seconds);
    String low = Figures.secondsExactly(latency.ci95().low());
    facts.add(
        "95 % interval of the median",
        low + " to " + Figures.secondsExactly(latency.ci95().high()));
    facts.add("Spread (quartiles over median)", Figures.percent(latency.relativeIqr()));
    facts.add("First run, before any warm-up", result.firstRunSeconds(), Figures::seconds);
    facts.end();
  }
}
