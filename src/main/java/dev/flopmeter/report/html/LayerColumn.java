package dev.flopmeter.report.html;

import dev.flopmeter.report.page.Markup;
import dev.flopmeter.units.Figures;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A column of a table of layers. Row {@code i} belongs to dot {@code i} of the roofline: the script
 * takes what it shows of a dot from here. Cells hold the figure to sort by beside the one to read.
 *
 * @param cell writes the whole cell of a row
 */
record LayerColumn<R>(String title, boolean isFigure, BiConsumer<Markup, R> cell) {

  static <R> LayerColumn<R> text(String title, BiConsumer<Markup, R> cell) {
    return new LayerColumn<>(title, false, cell);
  }

  static <R> LayerColumn<R> name(Function<R, String> name) {
    return text(
        "Layer",
        (out, row) -> out.open("th scope=row").element("bdi.clip", name.apply(row)).close("th"));
  }

  static <R> LayerColumn<R> operator(OperatorColours colours, Function<R, String> op) {
    return text(
        "Operator",
        (out, row) -> {
          out.open("td");
          colours.tagged(out, op.apply(row));
          out.close("td");
        });
  }

  static <R> LayerColumn<R> figure(
      String title, Function<R, @Nullable Double> value, Function<Double, String> format) {
    return new LayerColumn<>(
        title,
        true,
        (out, row) -> {
          Double known = value.apply(row);
          out.element(
              "td.n data-v=%s",
              known == null ? "" : format.apply(known),
              known == null ? null : Figures.sortable(known));
        });
  }

  /**
   * Draws a table with a field to filter it.
   *
   * <p>Thousands of rows are in the file, but only the first are laid out until more are asked for:
   * layout is what makes a long table slow, not its text.
   *
   * @param style its widths and labels in the style sheet
   * @param rows in the order of execution
   * @param order the places of the rows in that order, in the order that they are shown in
   */
  static <R> void draw(
      Markup out,
      String style,
      String caption,
      List<LayerColumn<R>> columns,
      List<R> rows,
      List<Integer> order) {
    List<String> titles = new ArrayList<>(List.of("#"));
    columns.forEach(column -> titles.add(column.title));
    List<String> texts =
        columns.stream().filter(column -> !column.isFigure).map(LayerColumn::title).toList();
    out.open("div.tools hidden").open("label").text("Filter ");
    out.empty(
        "input.filter type=search placeholder=%s autocomplete=off spellcheck=false",
        alternatives(texts));
    out.close("label").element("output.count aria-live=polite", "").close("div");
    out.open("div.scroll.tall tabindex=0 role=group aria-label=Layers");
    out.open("table.grid.layers." + style).element("caption.sr", caption);
    out.head(titles, texts).line().open("tbody");
    for (int place : order) {
      out.line().open("tr data-i=%s", place);
      out.element("td.n data-v=%s", Integer.toString(place + 1), Figures.sortable(place));
      columns.forEach(column -> column.cell.accept(out, rows.get(place)));
      out.close("tr");
    }
    out.close("tbody").close("table").close("div");
    out.element("button.more type=button hidden", "Show all");
  }

  /** {@code layer, operator or change}. */
  private static String alternatives(List<String> texts) {
    int last = texts.size() - 1;
    return (String.join(", ", texts.subList(0, last)) + " or " + texts.get(last))
        .toLowerCase(Locale.ROOT);
  }
}
