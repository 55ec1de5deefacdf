package dev.flopmeter.report.html;

import dev.flopmeter.report.page.Plot;
import dev.flopmeter.report.page.Plot.Margins;
import dev.flopmeter.report.page.Plot.Range;
import dev.flopmeter.report.page.Plot.Tick;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Latency;
import dev.flopmeter.units.Figures;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The distribution of a pass' time: a box of the quartiles, and a histogram of kept samples. */
record LatencyChart(ProfileResult result) {
  private static final int LEAST_SAMPLES = 10;
  private static final int MOST_BINS = 48;

  Latency latency() {
    return result.latency();
  }

  /** The samples for a histogram; empty if there are too few. */
  private List<Double> samples() {
    List<Double> samples = Objects.requireNonNullElse(result.run().rawSeconds(), List.of());
    return samples.size() < LEAST_SAMPLES ? List.of() : samples;
  }

  Plot plot() {
    double low = latency().min();
    double high = highest();
    double pad = Math.max((high - low) * 0.04, low * 0.002);
    return Plot.of(
        560,
        samples().isEmpty() ? 120 : 250,
        new Margins(12, 32, 46, 32),
        new Range(low - pad, high + pad, false),
        new Range(0, 1, false));
  }

  List<Tick> ticks() {
    return Tick.of(plot().x(), 6, Figures::seconds);
  }

  /** The third quartile plus a multiple of the interquartile range. */
  private double beyond(double distances) {
    return latency().q3() + distances * (latency().q3() - latency().q1());
  }

  /** The end of the axis: the last tail percentile, or the largest sample without outliers. */
  private double highest() {
    double high = Math.max(beyond(1.5), latency().median());
    for (double tail : tails().values()) {
      high = Math.max(high, tail);
    }
    double limit = beyond(8);
    for (double sample : samples()) {
      high = sample <= limit ? Math.max(high, sample) : high;
    }
    return high;
  }

  /** The end of the box's line, in seconds. */
  double reach() {
    return Math.min(beyond(1.5), plot().x().to());
  }

  /** The known percentiles, in seconds, the largest first. */
  Map<String, Double> tails() {
    Map<String, Double> tails = new LinkedHashMap<>();
    tails.put("p99", latency().p99());
    tails.put("p95", latency().p95());
    tails.put("p90", latency().p90());
    tails.values().removeIf(Objects::isNull);
    return tails;
  }

  record Bin(double x, double y, double width, double height) {}

  List<Bin> bins() {
    List<Double> samples = samples();
    if (samples.isEmpty()) {
      return List.of();
    }
    double low = latency().min();
    int bins =
        (int) Math.min(MOST_BINS, Math.max(8, Math.round(2 * Math.cbrt(samples.size()) * 2)));
    int[] counts = new int[bins];
    double width = Math.max(highest() - low, 1e-12) / bins;
    int most = 1;
    for (double sample : samples) {
      int bin = (int) Math.min(bins - 1, Math.max(0, Math.floor((sample - low) / width)));
      most = Math.max(most, ++counts[bin]);
    }
    Plot plot = plot();
    double floor = plot.bottom() - 46;
    List<Bin> all = new ArrayList<>();
    for (int i = 0; i < bins; i++) {
      double x = plot.x().at(low + i * width);
      double end = plot.x().at(low + (i + 1) * width);
      double height = (floor - plot.top()) * counts[i] / most;
      all.add(new Bin(x + 0.5, floor - height, Math.max(0.5, end - x - 1), height));
    }
    return all;
  }

  Facts facts() {
    Latency latency = latency();
    Facts facts = new Facts();
    facts.add("Least", latency.min(), Figures::seconds);
    facts.add("First quartile", latency.q1(), Figures::seconds);
    facts.add("Median", latency.median(), Figures::seconds);
    facts.add("Third quartile", latency.q3(), Figures::seconds);
    facts.add("90th percentile", latency.p90(), Figures::seconds);
    facts.add("95th percentile", latency.p95(), Figures::seconds);
    facts.add("99th percentile", latency.p99(), Figures::seconds);
    String interval = Figures.seconds(latency.ci95().low(), latency.ci95().high(), 5);
    facts.add("95 % interval of the median", interval);
    facts.add("Spread (quartiles over median)", Figures.percent(latency.relativeIqr()));
    return facts.add("First run, before any warm-up", result.firstRunSeconds(), Figures::seconds);
  }
}
