package dev.flopmeter.report.html;

import dev.flopmeter.report.finding.Breakdown;
import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.report.page.Markup;
import dev.flopmeter.report.page.Plot;
import dev.flopmeter.report.page.Plot.Margins;
import dev.flopmeter.report.page.Plot.Range;
import dev.flopmeter.report.page.Plot.Tick;
import dev.flopmeter.result.Basis;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Cache;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Roof;
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
 * FLOPs are those of MFU, 2 per MAC; for others those counted. Layers without any are drawn below
 * the plot, in the lane for layers that only move data.
 */
final class RooflineChart {
  /** Width of a chart that has the page to itself, and of one of two side by side. */
  static final double FULL = 960;

  static final double HALF = 560;
  private static final double HEIGHT = 540;
  private static final Margins MARGINS = new Margins(34, 18, 84, 62);
  private static final String CACHE = "cache";
  private static final double LARGEST_DOT = 17;
  private static final double SMALLEST_DOT = 2.5;

  private final ProfileResult result;
  private final List<ProfileResult> scaleOf;
  private final OperatorColours colours;
  private final double width;
  private final IntUnaryOperator rowOf;
  private final double totalSeconds;

  /**
   * A chart.
   *
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
    this.scaleOf = List.copyOf(scaleOf);
    this.colours = colours;
    this.width = width;
    this.rowOf = rowOf;
    this.totalSeconds = Breakdown.seconds(result);
  }

  /** A layer's place: FLOP per byte and FLOP per second. */
  record Point(double intensity, double rate) {
    /** Null for a layer that computes nothing, or whose traffic or time is unknown. */
    static @Nullable Point of(Layer layer) {
      Double bytes = Breakdown.trafficBytes(layer);
      long flops = layer.cost().macs() > 0 ? layer.cost().macFlops() : layer.cost().flops();
      double seconds = layer.time().median();
      return bytes == null || flops <= 0 || seconds <= 0
          ? null
          : new Point(flops / bytes, flops / seconds);
    }
  }

  /** A roof with both of its sides known; its style is the basis' label, or that of caches. */
  private record Line(String style, String label, double flops, double bytes) {
    double ridge() {
      return flops / bytes;
    }

    boolean isCache() {
      return style.equals(CACHE);
    }
  }

  /** The roofs of the memory, then those of the caches of the last of them that has some. */
  private static List<Line> lines(ProfileResult result) {
    List<Line> lines = new ArrayList<>();
    List<Line> caches = new ArrayList<>();
    for (Basis basis : Basis.values()) {
      Roof roof = result.roofs().of(basis);
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

  void draw(Markup out) {
    List<Line> lines = lines(result);
    Plot plot = plot();
    String count = Verdict.count(result.layers().size(), "layer");
    plot.open(
        out,
        "roofline",
        "group",
        "Roofline: a dot for each of "
            + count
            + ". Arrow keys move from dot to dot; the layer table has the same figures.");
    plot.verticalAxis(out, Tick.of(plot.y(), 8, value -> Figures.si(value)), "Achieved FLOP/s");
    List<Tick> ticks = Tick.of(plot.x(), width < FULL ? 5 : 10, Figures::number);
    plot.horizontalAxis(out, ticks, "Intensity, FLOP per byte moved");
    roofs(out, plot, lines);
    dots(out, plot);
    out.close("svg");
  }

  private Plot plot() {
    DoubleSummaryStatistics x = new DoubleSummaryStatistics();
    DoubleSummaryStatistics y = new DoubleSummaryStatistics();
    for (ProfileResult one : scaleOf) {
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
    return Plot.of(
        width,
        HEIGHT,
        MARGINS,
        isEmpty ? new Range(0.1, 1000, true) : new Range(x.getMin() / 1.6, x.getMax() * 1.6, true),
        isEmpty ? new Range(1, 10, true) : new Range(y.getMin() / 2.2, y.getMax() * 3, true));
  }

  private static void roofs(Markup out, Plot plot, List<Line> lines) {
    out.open("g.roofs aria-hidden=true");
    int bases = (int) lines.stream().filter(line -> !line.isCache()).count();
    StringJoiner caches = new StringJoiner(", ", "caches: ", "").setEmptyValue("");
    for (int i = 0; i < lines.size(); i++) {
      Line line = lines.get(i);
      double from = Math.max(plot.x().from(), plot.y().from() / line.bytes);
      double to = plot.x().to();
      double ridge = Math.min(line.ridge(), to);
      String edge = plot.path(from, line.bytes * from, ridge, line.bytes * ridge, to, line.flops);
      if (i == bases - 1) {
        String floor = plot.path(to, plot.y().from(), from, plot.y().from()).replace('M', 'L');
        out.empty("path.under d=%s", edge + floor + "Z");
      }
      out.empty("path.roof." + line.style + " d=%s", edge);
      if (line.isCache()) {
        // On its slope, farther along than the name before, since slopes may be close.
        double at = from * Math.pow(ridge / from, 0.12 + 0.14 * (i - bases));
        double middle = plot.y().at(line.bytes * at) + 4;
        out.element("text.label x=%s y=%s text-anchor=middle", line.label, plot.x().at(at), middle);
        caches.add(line.label + " " + Figures.byteRate(line.bytes));
      } else {
        key(out, plot, i, line.style, line.label);
      }
    }
    if (bases < lines.size()) {
      key(out, plot, bases, CACHE, caches.toString());
    }
    out.close("g");
  }

  /** A row in the corner above the slopes, which is always empty. */
  private static void key(Markup out, Plot plot, int row, String style, String label) {
    double x = plot.left() + 14;
    double y = plot.top() + 12 + 20 * row;
    out.empty("line.roof." + style + " x1=%s x2=%s y1=%s y2=%s", x, x + 30, y, y);
    out.element("text.label x=%s y=%s", label, x + 38, y + 4);
  }

  private void dots(Markup out, Plot plot) {
    List<Layer> layers = result.layers();
    // Large dots first, so that they do not hide small ones.
    List<Integer> order =
        IntStream.range(0, layers.size())
            .boxed()
            .sorted(
                Comparator.comparingDouble((Integer i) -> layers.get(i).time().median()).reversed())
            .toList();
    double longest = layers.stream().mapToDouble(layer -> layer.time().median()).max().orElse(0);
    long outside = layers.stream().filter(layer -> Point.of(layer) == null).count();
    double lane = plot.bottom() + 62;
    if (outside > 0) {
      out.element("text.lane x=%s y=%s", "Only moves data:", plot.left(), lane + 4);
    }
    int placed = 0;
    out.open("g.dots");
    for (int i : order) {
      Layer layer = layers.get(i);
      Point point = Point.of(layer);
      double share = longest > 0 ? Math.max(0, layer.time().median() / longest) : 0;
      double radius = Math.max(SMALLEST_DOT, LARGEST_DOT * Math.sqrt(share));
      double laneStart = plot.left() + 130;
      double x =
          point == null
              ? laneStart + (plot.right() - laneStart) * (placed++ + 0.5) / outside
              : plot.x().at(point.intensity);
      out.empty(
          "circle.dot."
              + colours.of(layer.op())
              + " cx=%s cy=%s r=%s data-i=%s tabindex=%s role=img aria-label=%s",
          x,
          point == null ? lane : plot.y().at(point.rate),
          point == null ? Math.min(radius, 9) : radius,
          rowOf.applyAsInt(i),
          i == order.get(0) ? 0 : -1,
          label(layer));
    }
    out.close("g");
  }

  /** The label of a dot for screen readers. */
  private String label(Layer layer) {
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
