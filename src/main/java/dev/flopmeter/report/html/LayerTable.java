package dev.flopmeter.report.html;

import dev.flopmeter.report.finding.Breakdown;
import dev.flopmeter.report.page.Markup;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.text.Cut;
import dev.flopmeter.units.Figures;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Every layer of a result as a table. Row {@code i} belongs to dot {@code i}: the script takes what
 * it shows of a dot from here. Cells hold the figure to sort by beside the one to read.
 *
 * <p>Thousands of rows are in the file, but only the first are laid out until more are asked for:
 * layout is what makes a long table slow, not its text.
 */
final class LayerTable {
  /** Title of a column, and whether it holds figures. */
  private record Column(String title, boolean isFigure) {}

  private static final List<Column> COLUMNS =
      List.of(
          new Column("#", true),
          new Column("Layer", false),
          new Column("Operator", false),
          new Column("Time", true),
          new Column("Share", true),
          new Column("Spread", true),
          new Column("MACs", true),
          new Column("Bytes", true),
          new Column("FLOP/s", true),
          new Column("FLOP/B", true),
          new Column("Of roof", true),
          new Column("Bound", false),
          new Column("Kernel", false));

  private final ProfileResult result;
  private final OperatorColours colours;
  private final double total;
  private final double largestShare;

  LayerTable(ProfileResult result, OperatorColours colours) {
    this.result = result;
    this.colours = colours;
    this.total = Breakdown.seconds(result);
    double longest =
        result.layers().stream().mapToDouble(layer -> layer.time().median()).max().orElse(0);
    this.largestShare = total > 0 ? longest / total : 0;
  }

  void draw(Markup out) {
    tools(out, "layer, operator, bound or kernel");
    begin(
        out,
        "profiled",
        "Layers of " + Cut.name(result.model().name()),
        COLUMNS.stream().map(Column::title).toList(),
        COLUMNS.stream().filter(column -> !column.isFigure).map(Column::title).toList());
    for (int i = 0; i < result.layers().size(); i++) {
      row(out, i, result.layers().get(i));
    }
    end(out);
  }

  /** The filter's field and the count of rows; enabled by the script. */
  static void tools(Markup out, String searched) {
    out.open("div.tools hidden");
    out.open("label").text("Filter ");
    out.empty(
        "input.filter type=search placeholder=%s autocomplete=off spellcheck=false", searched);
    out.close("label");
    out.element("output.count aria-live=polite", "");
    out.close("div");
  }

  /**
   * The table up to its first row.
   *
   * @param style its widths and labels in the style sheet
   * @param texts titles of the columns that hold no figures
   */
  static void begin(
      Markup out, String style, String caption, List<String> titles, List<String> texts) {
    out.open("div.scroll.tall tabindex=0 role=group aria-label=Layers");
    out.open("table.grid.layers." + style).element("caption.sr", caption);
    out.open("thead").open("tr");
    for (String title : titles) {
      out.element((texts.contains(title) ? "th" : "th.n") + " scope=col", title);
    }
    out.close("tr").close("thead").line().open("tbody");
  }

  static void end(Markup out) {
    out.close("tbody").close("table").close("div");
    out.element("button.more type=button hidden", "Show all");
  }

  private void row(Markup out, int index, Layer layer) {
    out.line().open("tr data-i=%s", index);
    figure(out, (double) index, Integer.toString(index + 1));
    out.open("th scope=row").element("bdi.clip", layer.name()).close("th");
    out.open("td");
    TimeCharts.tagged(out, colours.of(layer.op()), Breakdown.operator(layer.op()));
    out.close("td");
    double seconds = layer.time().median();
    figure(out, seconds, Figures.seconds(seconds));
    share(out, seconds, colours.of(layer.op()));
    double spread = layer.time().q3() - layer.time().q1();
    figure(
        out,
        seconds > 0 ? spread / seconds : null,
        seconds > 0 ? Figures.percent(spread / seconds) : "");
    figure(
        out,
        (double) layer.cost().macs(),
        layer.cost().macs() == 0 ? "" : Figures.si(layer.cost().macs()));
    Double bytes = Breakdown.trafficBytes(layer);
    figure(out, bytes, bytes == null ? "" : Figures.si(bytes));
    Double rate = layer.achievedFlopsPerSecond();
    figure(out, rate, rate == null ? "" : Figures.si(rate));
    Double intensity = layer.intensity();
    figure(out, intensity, intensity == null ? "" : Figures.number(intensity));
    Double efficiency = layer.rooflineEfficiency();
    figure(out, efficiency, efficiency == null ? "" : Figures.percent(efficiency));
    String bound = layer.bound() == null ? null : layer.bound().label();
    out.element(bound == null ? "td" : "td.b-" + bound, bound == null ? "" : bound);
    out.open("td").element("bdi.clip", kernel(layer)).close("td");
    out.close("tr");
  }

  private void share(Markup out, double seconds, String colour) {
    if (total <= 0) {
      figure(out, null, "");
      return;
    }
    TimeCharts.share(out, seconds / total, largestShare, colour);
  }

  static void figure(Markup out, @Nullable Double value, String text) {
    out.element("td.n data-v=%s", text, value == null ? null : Figures.sortable(value));
  }

  private static String kernel(Layer layer) {
    StringBuilder kernel = new StringBuilder(layer.kernel().algorithm());
    for (String detail : new @Nullable String[] {layer.kernel().layout(), layer.kernel().math()}) {
      if (detail != null) {
        kernel.append(", ").append(detail);
      }
    }
    return kernel.toString();
  }
}
