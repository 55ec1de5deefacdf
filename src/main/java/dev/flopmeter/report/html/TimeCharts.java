package dev.flopmeter.report.html;

import dev.flopmeter.report.finding.Breakdown;
import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.report.page.Markup;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.units.Figures;
import java.util.List;

/** Time by layer: the pass as one strip, then by bound, by operator and by layer. */
final class TimeCharts {
  private static final double WIDTH = 960;
  private static final double STRIP = 44;
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
    strip(out);
    out.open("div.columns");
    out.open("div");
    byOperator(out);
    byBound(out);
    out.close("div");
    longest(out);
    out.close("div");
  }

  /** The layers in the order they ran, each as wide as it took. */
  private void strip(Markup out) {
    out.open(
        "svg.strip viewBox=%s preserveAspectRatio=none aria-hidden=true",
        "0 0 " + Markup.at(WIDTH) + " " + Markup.at(STRIP));
    double x = 0;
    for (int i = 0; i < result.layers().size(); i++) {
      Layer layer = result.layers().get(i);
      double width = WIDTH * Math.max(0, layer.time().median()) / total;
      out.empty(
          "rect.span." + colours.of(layer.op()) + " x=%s y=%s width=%s height=%s data-i=%s",
          x,
          0.0,
          width,
          STRIP,
          i);
      x += width;
    }
    out.close("svg");
    out.open("p.ends aria-hidden=true");
    out.element("span", "first layer");
    out.element("span", Figures.seconds(total) + " in order of execution");
    out.element("span", "last layer");
    out.close("p");
  }

  private void byOperator(Markup out) {
    List<Breakdown.Part> parts = Breakdown.byOperator(result);
    out.open("table.bars").element("caption", "By operator");
    head(out, "Operator", "Layers", "Time", "Share");
    out.open("tbody");
    for (Breakdown.Part part : parts) {
      out.open("tr").open("th scope=row");
      tagged(out, colours.of(part.label()), Breakdown.operator(part.label()));
      out.close("th");
      figure(out, Integer.toString(part.layers()));
      figure(out, Figures.seconds(part.seconds()));
      share(out, part.share(), parts.get(0).share(), colours.of(part.label()));
      out.close("tr");
    }
    out.close("tbody").close("table");
  }

  private void byBound(Markup out) {
    List<Breakdown.Part> parts = Breakdown.byBound(result);
    out.open("table.bars").element("caption", "By what holds it back");
    head(out, "Bound", "Layers", "Time", "Share");
    out.open("tbody");
    for (Breakdown.Part part : parts) {
      out.open("tr").open("th scope=row");
      tagged(out, "b-" + part.label(), part.label());
      out.close("th");
      figure(out, Integer.toString(part.layers()));
      figure(out, Figures.seconds(part.seconds()));
      share(out, part.share(), parts.get(0).share(), "b-" + part.label());
      out.close("tr");
    }
    out.close("tbody").close("table");
  }

  private void longest(Markup out) {
    List<Layer> layers = Breakdown.longestFirst(result);
    List<Layer> shown = layers.subList(0, Math.min(LONGEST, layers.size()));
    double largest = shown.get(0).time().median() / total;
    out.open("table.bars");
    out.element("caption", "The longest " + Verdict.count(shown.size(), "layer"));
    head(out, "Layer", "Time", "Of its roof", "Share");
    out.open("tbody");
    for (Layer layer : shown) {
      double share = layer.time().median() / total;
      out.open("tr").open("th scope=row");
      tagged(out, colours.of(layer.op()), layer.name());
      out.close("th");
      figure(out, Figures.seconds(layer.time().median()));
      Double efficiency = layer.rooflineEfficiency();
      figure(out, efficiency == null ? "" : Figures.percent(efficiency));
      share(out, share, largest, colours.of(layer.op()));
      out.close("tr");
    }
    out.close("tbody").close("table");
  }

  private static void head(Markup out, String... titles) {
    out.open("thead").open("tr");
    for (int i = 0; i < titles.length; i++) {
      out.element((i == 0 ? "th" : "th.n") + " scope=col", titles[i]);
    }
    out.close("tr").close("thead");
  }

  /** A name with its colour in front; both stay in one line. */
  static void tagged(Markup out, String colour, String name) {
    out.open("span.tagged").empty("i.swatch." + colour);
    out.element("bdi.clip", name).close("span");
  }

  private static void figure(Markup out, String text) {
    out.element("td.n", text);
  }

  /** A share as figure and bar; the longest bar of a table fills its cell. */
  static void share(Markup out, double share, double largest, String colour) {
    out.open("td.n.share");
    out.element("span", Figures.percent(share));
    out.open("svg.bar aria-hidden=true");
    String width = Markup.at(largest > 0 ? 100 * share / largest : 0) + "%";
    out.empty("rect." + colour + " width=%s height=%s", width, 8);
    out.close("svg").close("td");
  }
}
