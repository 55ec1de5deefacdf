package dev.flopmeter.report.text;

import dev.flopmeter.report.finding.Column;
import dev.flopmeter.text.Csv;
import dev.flopmeter.text.Cut;
import dev.flopmeter.text.Printable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** Rows in columns: for a terminal, where they are cut to its width, as Markdown and as CSV. */
final class TextTable<R> {
  private static final String GAP = " ";
  static final String ABSENT = "-";

  private record Row(List<String> cells, UnaryOperator<String> paint) {}

  private final List<Column<R>> columns;
  private final List<Row> rows = new ArrayList<>();

  TextTable(List<Column<R>> columns) {
    this.columns = List.copyOf(columns);
  }

  static <R> void render(
      StringBuilder out, TerminalStyle style, List<Column<R>> columns, Collection<R> rows) {
    TextTable<R> table = new TextTable<>(columns);
    rows.forEach(row -> table.row(row, UnaryOperator.identity()));
    table.render(out, style);
  }

  /** A row whose line is coloured after layout, so that escape sequences take no width. */
  void row(R row, UnaryOperator<String> paint) {
    cells(texts(columns, column -> column.cell(row, ABSENT)), paint);
  }

  private static <R> List<String> texts(
      List<Column<R>> columns, Function<Column<R>, String> textOf) {
    List<String> texts = new ArrayList<>();
    columns.forEach(column -> texts.add(textOf.apply(column)));
    return texts;
  }

  /** A row of which only the first cells are known. */
  void cells(List<String> cells, UnaryOperator<String> paint) {
    List<String> all = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      all.add(i < cells.size() ? Printable.of(cells.get(i)) : "");
    }
    rows.add(new Row(all, paint));
  }

  void render(StringBuilder out, TerminalStyle style) {
    List<Integer> widths = natural();
    while (total(widths) > style.width() && columns.get(widths.size() - 1).isExtra()) {
      widths.remove(widths.size() - 1);
    }
    // The widest of the columns that can be cut gives first.
    for (int over = total(widths) - style.width(); over > 0; over--) {
      int widest = -1;
      for (int i = 0; i < widths.size(); i++) {
        if (widths.get(i) > columns.get(i).least()
            && (widest < 0 || widths.get(i) > widths.get(widest))) {
          widest = i;
        }
      }
      if (widest < 0) {
        break;
      }
      widths.set(widest, widths.get(widest) - 1);
    }
    line(out, widths, new Row(texts(columns, Column::title), style::dim), style);
    for (Row row : rows) {
      line(out, widths, row, style);
    }
  }

  private List<Integer> natural() {
    List<Integer> widths = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      int width = length(columns.get(i).title());
      for (Row row : rows) {
        width = Math.max(width, length(row.cells.get(i)));
      }
      widths.add(width);
    }
    return widths;
  }

  private static int total(List<Integer> widths) {
    int total = GAP.length() * (widths.size() - 1);
    for (int width : widths) {
      total += width;
    }
    return total;
  }

  private void line(StringBuilder out, List<Integer> widths, Row row, TerminalStyle style) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < widths.size(); i++) {
      String text = Cut.start(row.cells.get(i), widths.get(i));
      String blank = " ".repeat(widths.get(i) - length(text));
      line.append(i == 0 ? "" : GAP)
          .append(columns.get(i).isFigure() ? blank + text : text + blank);
    }
    out.append(row.paint.apply(style.fit(line.toString().stripTrailing()))).append('\n');
  }

  private static int length(String text) {
    return text.codePointCount(0, text.length());
  }

  static <R> void markdown(StringBuilder out, List<Column<R>> columns, Collection<R> rows) {
    markdown(out, texts(columns, Column::heading));
    markdown(out, texts(columns, column -> column.isFigure() ? "--:" : "---"));
    markdownRows(out, columns, rows);
  }

  /** More rows below those of a table. */
  static <R> void markdownRows(StringBuilder out, List<Column<R>> columns, Collection<R> rows) {
    for (R row : rows) {
      markdown(out, texts(columns, column -> markdown(column, row)));
    }
  }

  private static void markdown(StringBuilder out, List<String> cells) {
    out.append("| ").append(String.join(" | ", cells)).append(" |\n");
  }

  private static <R> String markdown(Column<R> column, R row) {
    String text = column.cell(row, "");
    return column.kind() == Column.Kind.NAME ? MarkdownText.code(text) : MarkdownText.escaped(text);
  }

  /** RFC 4180, a line per row; empty where a value is absent. */
  static <R> String csv(List<Column<R>> columns, Collection<R> rows) {
    StringBuilder out = new StringBuilder(1 << 12);
    out.append(Csv.line(texts(columns, Column::title)));
    for (R row : rows) {
      out.append(Csv.line(texts(columns, column -> column.cell(row, ""))));
    }
    return out.toString();
  }
}
