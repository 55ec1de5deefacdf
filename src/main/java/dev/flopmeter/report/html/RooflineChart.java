package dev.flopmeter.report.html;

import dev.flopmeter.report.finding.Breakdown;
import dev.flopmeter.report.page.Plot;
import dev.flopmeter.report.page.Plot.Margins;
import dev.flopmeter.report.page.Plot.Range;
import dev.flopmeter.report.page.Plot.Tick;
import dev.flopmeter.result.Basis;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Cache;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.text.Cut;
import dev.flopmeter.units.Figures;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.StringJoiner;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The roofline: achieved rate over intensity, both logarithmic, under the device's roofs; a dot per
 * layer, its area in proportion to its time.
 *
 * <p>A dot's height under a roof is the layer's share of that roof. For layers with matrix work the
 * FLOPs are those of MFU, 2 per MAC; for others the counted ones. Layers without FLOPs are below
 * the plot, in the lane for layers that only move data.
 */
final class RooflineChart {
  /** Width of a chart that fills the page, and of one of two side by side. */
  static final double FULL = 960;

  static final double HALF = 560;
  private static final double HEIGHT = 540;
  private static final Margins MARGINS = new Margins(34, 30, 84, 62);
  private static final String CACHE = "cache";
  private static final double LARGEST_DOT = 17;
  private static final double SMALLEST_DOT = 2.5;

  private final ProfileResult result;
  private final OperatorColours colours;
  private final IntUnaryOperator rowOf;
  private final Plot plot;
  private final List<Line> lines;

  /**
   * @param scaleOf results that the axes span, so that charts beside each other can be compared
   * @param rowOf the table row of a layer, by its index
   */
  RooflineChart(
      ProfileResult result,
      List<ProfileResult> scaleOf,
      OperatorColours colours,
      double width,
      IntUnaryOperator rowOf) {
    this.result = result;
    this.colours = colours;
    this.rowOf = rowOf;
    this.plot = plot(scaleOf, width);
    this.lines = lines(result);
  }

  /** The chart of one result, above a table with its layers in order. */
  static RooflineChart of(ProfileResult result, OperatorColours colours) {
    return new RooflineChart(result, List.of(result), colours, FULL, row -> row);
  }

  ProfileResult result() {
    return result;
  }

  Plot plot() {
    return plot;
  }

  /** A layer's position: FLOP per byte and FLOP per second. */
  record Point(double intensity, double rate) {
    /** Null for a layer that computes nothing, or with unknown traffic or time. */
    static @Nullable Point of(Layer layer) {
      Double bytes = Breakdown.trafficBytes(layer);
      long flops = layer.cost().macs() > 0 ? layer.cost().macFlops() : layer.cost().flops();
      double seconds = layer.time().median();
      return bytes == null || flops <= 0 || seconds <= 0
          ? null
          : new Point(flops / bytes, flops / seconds);
    }
  }

  /** A roof with both sides known; its style is the label of its basis, or that of caches. */
  private record Line(String style, String label, double flops, double bytes) {
    double ridge() {
      return flops / bytes;
    }

    boolean isCache() {
      return style.equals(CACHE);
    }
  }

  /** The roofs of the memory, then those of the caches of the last one that has any. */
  private static List<Line> lines(ProfileResult result) {
    List<Line> lines = new ArrayList<>();
    List<Line> caches = new ArrayList<>();
    for (Basis basis : Basis.values()) {
      ProfileResult.Roof roof = result.roofs().of(basis);
      Double flops = roof == null ? null : roof.flopsPerSecond();
      Double bytes = roof == null ? null : roof.bytesPerSecond();
      if (roof != null && flops != null && bytes != null) {
        String name = basis.label().replace('_', '-');
        String figures = Figures.flopRate(flops) + ", " + Figures.byteRate(bytes);
        lines.add(new Line(basis.label(), name + " " + figures, flops, bytes));
        for (Cache cache : roof.caches()) {
          caches.add(new Line(CACHE, cache.name(), flops, cache.bytesPerSecond()));
        }
      }
    }
    lines.addAll(caches);
    return lines;
  }

  List<Tick> rates() {
    return Tick.of(plot.y(), 8, value -> Figures.si(value));
  }

  List<Tick> intensities() {
    return Tick.of(plot.x(), plot.width() < FULL ? 5 : 10, Figures::number);
  }

  private static Plot plot(List<ProfileResult> scaleOf, double width) {
    DoubleSummaryStatistics x = new DoubleSummaryStatistics();
    DoubleSummaryStatistics y = new DoubleSummaryStatistics();
    long rows = 0;
    for (ProfileResult one : scaleOf) {
      rows = Math.max(rows, lines(one).stream().map(Line::style).distinct().count());
      for (Layer layer : one.layers()) {
        Point point = Point.of(layer);
        if (point != null) {
          x.accept(point.intensity);
          y.accept(point.rate);
        }
      }
      for (Line line : lines(one)) {
        x.accept(line.ridge() / (line.isCache() ? 2 : 10));
        x.accept(line.ridge() * 6);
        y.accept(line.flops);
        y.accept(line.flops / 40);
      }
    }
    boolean isEmpty = x.getCount() == 0;
    double least = y.getMin() / 2.2;
    // The legend is above all roofs.
    double legend = (16 + 20 * rows) / (HEIGHT - MARGINS.top() - MARGINS.bottom());
    double above = Math.pow(y.getMax() / least, legend / (1 - legend));
    return Plot.of(
        width,
        HEIGHT,
        MARGINS,
        isEmpty ? new Range(0.1, 1000, true) : new Range(x.getMin() / 1.6, x.getMax() * 1.6, true),
        isEmpty ? new Range(1, 10, true) : new Range(least, y.getMax() * Math.max(3, above), true));
  }

  /**
   * @param edge its slope and ceiling, as a path's data
   * @param under the area below it, for the last one of the memory
   */
  record Roof(String style, String edge, @Nullable String under) {}

  List<Roof> roofs() {
    long bases = lines.stream().filter(line -> !line.isCache()).count();
    List<Roof> roofs = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      Line line = lines.get(i);
      double from = Math.max(plot.x().from(), plot.y().from() / line.bytes);
      double to = plot.x().to();
      double ridge = Math.min(line.ridge(), to);
      String edge = plot.path(from, line.bytes * from, ridge, line.bytes * ridge, to, line.flops);
      String floor = plot.path(to, plot.y().from(), from, plot.y().from()).replace('M', 'L');
      String under = i == bases - 1 ? edge + floor + "Z" : null;
      roofs.add(new Roof(line.style, edge, under));
    }
    return roofs;
  }

  /** The name of a cache: where its text ends. */
  record Name(String text, double x, double y) {}

  /** Each at the foot of its slope, or with the next one's if there is no room between them. */
  List<Name> names() {
    double slope = (plot.y().at(1) - plot.y().at(10)) / (plot.x().at(10) - plot.x().at(1));
    List<Name> names = new ArrayList<>();
    String text = "";
    for (Line line : lines.stream().sorted(Comparator.comparing(Line::bytes)).toList()) {
      if (line.isCache()) {
        text += line.label;
        double width = 9 * text.length() + 4;
        double foot = plot.x().at(plot.y().from() / line.bytes);
        double x = Math.max(plot.left() + width, foot + 8);
        double room = plot.y().at(line.bytes) - 16 - slope * width;
        if (lines.stream().noneMatch(o -> o.bytes > line.bytes && plot.y().at(o.bytes) > room)) {
          names.add(new Name(text, x - 4, plot.bottom() - slope * (x - foot) - 4));
          text = "";
        } else {
          text += ", ";
        }
      }
    }
    return names;
  }

  /** A line of the legend. */
  record Key(String style, String label) {}

  /** One per roof of the memory, and one for all caches. */
  List<Key> keys() {
    List<Key> keys = new ArrayList<>();
    StringJoiner caches = new StringJoiner(", ", "caches: ", "");
    for (Line line : lines) {
      if (line.isCache()) {
        caches.add(line.label + " " + Figures.byteRate(line.bytes));
      } else {
        keys.add(new Key(line.style, line.label));
      }
    }
    if (keys.size() < lines.size()) {
      keys.add(new Key(CACHE, caches.toString()));
    }
    return keys;
  }

  /** The number of layers without a position in the plot. */
  long outside() {
    return result.layers().stream().filter(layer -> Point.of(layer) == null).count();
  }

  /** The middle of the lane of those layers. */
  double lane() {
    return plot.bottom() + 62;
  }

  record Dot(String colour, double x, double y, double radius, int row, String label) {}

  /** The large ones first, so that they do not hide small ones. */
  List<Dot> dots() {
    List<Layer> layers = result.layers();
    List<Integer> order =
        IntStream.range(0, layers.size())
            .boxed()
            .sorted(
                Comparator.comparingDouble((Integer i) -> layers.get(i).time().median()).reversed())
            .toList();
    double total = Breakdown.seconds(result);
    double longest = HtmlReport.longest(result);
    double laneStart = plot.left() + 130;
    double step = (plot.right() - laneStart) / outside();
    List<Dot> dots = new ArrayList<>();
    int placed = 0;
    for (int i : order) {
      Layer layer = layers.get(i);
      Point point = Point.of(layer);
      double share = longest > 0 ? Math.max(0, layer.time().median() / longest) : 0;
      double radius = Math.max(SMALLEST_DOT, LARGEST_DOT * Math.sqrt(share));
      dots.add(
          new Dot(
              colours.of(layer.op()),
              point == null ? laneStart + step * (placed++ + 0.5) : plot.x().at(point.intensity),
              point == null ? lane() : plot.y().at(point.rate),
              point == null ? Math.min(radius, 9) : radius,
              rowOf.applyAsInt(i),
              label(layer, total)));
    }
    return dots;
  }

  /** The label of a dot for screen readers. */
  private static String label(Layer layer, double totalSeconds) {
    StringJoiner facts = new StringJoiner(", ");
    double seconds = layer.time().median();
    facts.add(Figures.seconds(seconds));
    if (totalSeconds > 0) {
      facts.add(Figures.percent(seconds / totalSeconds) + " of the time");
    }
    if (layer.achievedFlopsPerSecond() != null) {
      facts.add(Figures.flopRate(layer.achievedFlopsPerSecond()));
    }
    if (layer.rooflineEfficiency() != null) {
      facts.add(Figures.percent(layer.rooflineEfficiency()) + " of its roof");
    }
    if (layer.bound() != null) {
      facts.add(layer.bound().adjective());
    }
    if (layer.level() != null) {
      facts.add("its data fits " + layer.level());
    }
    return Cut.name(layer.name()) + ", " + Cut.name(layer.op()) + ": " + facts;
  }
}
