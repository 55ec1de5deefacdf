package dev.flopmeter.report.html;

import dev.flopmeter.report.finding.Breakdown;
import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.report.page.Markup;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.units.Figures;
import java.util.ArrayList;
import java.util.List;

/** Time by layer: the pass as one strip, then by bound, by operator and by layer. */
final class TimeCharts {
  private static final int LONGEST = 10;

  private final ProfileResult result;
  private final OperatorColours colours;
  private final double total;

  TimeCharts(ProfileResult result, OperatorColours colours) {
    this.result = result;
    this.colours = colours;
    this.total = Breakdown.seconds(result);
  }

  void draw(Markup out) {
    if (total <= 0) {
      out.element("p.note", "No layer has a time of its own.");
      return;
    }
    strip(
        out,
        result.layers().stream().map(layer -> "span." + colours.of(layer.op())).toList(),
        result.layers().stream().map(layer -> Math.max(0, layer.time().median())).toList(),
        true);
    out.open("p.ends aria-hidden=true");
    out.element("span", "first layer");
    out.element("span", Figures.seconds(total) + " in order of execution");
    out.element("span", "last layer").close("p");
    out.open("div.columns").open("div");
    List<Bar> operators =
        Breakdown.byOperator(result).stream()
            .map(part -> Bar.of(part, colours.of(part.label()), Breakdown.operator(part.label())))
            .toList();
    bars(out, "By operator", List.of("Operator", "Layers", "Time"), operators);
    List<Bar> bounds =
        Breakdown.byBound(result).stream()
            .map(part -> Bar.of(part, "b-" + part.label(), part.label()))
            .toList();
    bars(out, "By what holds it back", List.of("Bound", "Layers", "Time"), bounds);
    out.close("div");
    List<Bar> layers =
        Breakdown.longestFirst(result).stream().limit(LONGEST).map(this::bar).toList();
    String title = "The longest " + Verdict.count(layers.size(), "layer");
    bars(out, title, List.of("Layer", "Time", "Of its roof"), layers);
    out.close("div");
  }

  /**
   * A bar of parts, each as wide as its share.
   *
   * @param styles their classes in the style sheet
   * @param areRows whether the parts belong to the rows of the layer table
   */
  static void strip(Markup out, List<String> styles, List<Double> amounts, boolean areRows) {
    out.open("svg.strip viewBox=%s preserveAspectRatio=none aria-hidden=true", "0 0 960 44");
    double total = amounts.stream().mapToDouble(amount -> amount).sum();
    double x = 0;
    for (int i = 0; i < styles.size(); i++) {
      double width = 960 * amounts.get(i) / total;
      String rect = "rect." + styles.get(i) + " x=%s width=%s height=44 data-i=%s";
      out.empty(rect, x, width, areRows ? i : null);
      x += width;
    }
    out.close("svg");
  }

  private Bar bar(Layer layer) {
    Double efficiency = layer.rooflineEfficiency();
    double seconds = layer.time().median();
    String ofRoof = efficiency == null ? "" : Figures.percent(efficiency);
    return new Bar(
        colours.of(layer.op()), layer.name(), List.of(Figures.seconds(seconds), ofRoof), seconds);
  }

  /** A row of a table that ends in a bar. */
  private record Bar(String colour, String name, List<String> figures, double seconds) {
    static Bar of(Breakdown.Part part, String colour, String name) {
      List<String> figures =
          List.of(Integer.toString(part.layers()), Figures.seconds(part.seconds()));
      return new Bar(colour, name, figures, part.seconds());
    }
  }

  private void bars(Markup out, String caption, List<String> titles, List<Bar> bars) {
    List<String> all = new ArrayList<>(titles);
    all.add("Share");
    out.open("table.bars").element("caption", caption);
    out.head(all, titles.subList(0, 1));
    out.open("tbody");
    for (Bar bar : bars) {
      out.open("tr").open("th scope=row");
      OperatorColours.tagged(out, bar.colour, bar.name);
      out.close("th");
      bar.figures.forEach(figure -> out.element("td.n", figure));
      share(out, bar.seconds, total, bars.get(0).seconds, bar.colour);
      out.close("tr");
    }
    out.close("tbody").close("table");
  }

  /** A share of the time as figure and bar; the longest bar of a table fills its cell. */
  static void share(Markup out, double seconds, double total, double longest, String colour) {
    if (total <= 0) {
      out.empty("td.n");
      return;
    }
    out.open("td.n.share");
    out.element("span", Figures.percent(seconds / total));
    out.open("svg.bar aria-hidden=true");
    String width = Markup.at(longest > 0 ? 100 * seconds / longest : 0) + "%";
    out.empty("rect." + colour + " width=%s height=8", width);
    out.close("svg").close("td");
  }
}
