package dev.flopmeter.report.html;

import dev.flopmeter.report.finding.Breakdown;
import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.units.Figures;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.stream.DoubleStream;

/** Time by layer: the pass as one strip, then by operator, by bound and by layer. */
record TimeCharts(ProfileResult result, OperatorColours colours) {
  private static final int LONGEST = 10;

  double total() {
    return Breakdown.seconds(result);
  }

  /** A part of a strip of width 960; its style is a class of the style sheet. */
  record Part(String style, double x, double width) {}

  /** Parts of a strip, each as wide as its share. */
  static List<Part> strip(List<String> styles, double... amounts) {
    double total = DoubleStream.of(amounts).sum();
    List<Part> parts = new ArrayList<>();
    double x = 0;
    for (int i = 0; i < amounts.length; i++) {
      double width = 960 * amounts[i] / total;
      parts.add(new Part(styles.get(i), x, width));
      x += width;
    }
    return parts;
  }

  List<Part> inOrder() {
    List<Layer> layers = result.layers();
    return strip(
        layers.stream().map(layer -> "span " + colours.of(layer.op())).toList(),
        layers.stream().mapToDouble(layer -> Math.max(0, layer.time().median())).toArray());
  }

  /** A table whose rows end in bars. */
  record Bars(String caption, List<String> titles, List<Bar> rows) {}

  /** A name with a colour, a figure for each of two columns, and what the bar shows. */
  record Bar(String colour, String name, String first, String second, double seconds) {}

  Bars operators() {
    return bars("Operator", Breakdown.byOperator(result), colours::of);
  }

  Bars bounds() {
    return bars("Bound", Breakdown.byBound(result), bound -> "b-" + bound);
  }

  private static Bars bars(String title, List<Breakdown.Part> parts, UnaryOperator<String> colour) {
    List<Bar> rows = new ArrayList<>();
    for (Breakdown.Part part : parts) {
      String name = Breakdown.operator(part.label());
      String layers = Integer.toString(part.layers());
      String time = Figures.seconds(part.seconds());
      rows.add(new Bar(colour.apply(part.label()), name, layers, time, part.seconds()));
    }
    String caption = "By " + title.toLowerCase(Locale.ROOT);
    return new Bars(caption, List.of(title, "Layers", "Time"), rows);
  }

  Bars layers() {
    List<Bar> rows = Breakdown.longestFirst(result).stream().limit(LONGEST).map(this::bar).toList();
    String caption = "The longest " + Verdict.count(rows.size(), "layer");
    return new Bars(caption, List.of("Layer", "Time", "Of its roof"), rows);
  }

  private Bar bar(Layer layer) {
    Double efficiency = layer.rooflineEfficiency();
    double seconds = layer.time().median();
    String ofRoof = efficiency == null ? "" : Figures.percent(efficiency);
    return new Bar(colours.of(layer.op()), layer.name(), Figures.seconds(seconds), ofRoof, seconds);
  }
}
