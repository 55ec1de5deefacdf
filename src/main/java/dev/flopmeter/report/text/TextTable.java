package dev.flopmeter.report.text;

import dev.flopmeter.report.finding.Column;
import dev.flopmeter.text.Csv;
import dev.flopmeter.text.Cut;
import dev.flopmeter.text.Printable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Rows in columns: for a terminal, cut to its width, as Markdown and as CSV. */
final class TextTable<R> {
  private static final String GAP = " ";
  static final String ABSENT = "-";

  /**
   * @param paint of the whole line; null for none
   */
  private record Row(List<String> cells, @Nullable UnaryOperator<String> paint) {}

  private final List<Column<R>> columns;
  private final List<Row> rows = new ArrayList<>();

  TextTable(List<Column<R>> columns) {
    this.columns = List.copyOf(columns);
  }

  static <R> void render(
      StringBuilder out, TerminalStyle style, List<Column<R>> columns, Collection<R> rows) {
    TextTable<R> table = new TextTable<>(columns);
    for (R row : rows) {
      table.row(row, null);
    }
    table.render(out, style);
  }

  /** A row whose line is coloured after layout, so that escape sequences take no width. */
  void row(R row, @Nullable UnaryOperator<String> paint) {
    cells(texts(columns, row, ABSENT), paint);
  }

  private static <R> List<String> texts(List<Column<R>> columns, R row, String absent) {
    List<String> texts = new ArrayList<>();
    for (Column<R> column : columns) {
      texts.add(column.cell(row, absent));
    }
    return texts;
  }

  private static <R> List<String> titles(List<Column<R>> columns) {
    List<String> titles = new ArrayList<>();
    for (Column<R> column : columns) {
      titles.add(column.title());
    }
    return titles;
  }

  /** A row of which only the first cells are known. */
  void cells(List<String> cells, @Nullable UnaryOperator<String> paint) {
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
    // The widest of the columns that can be cut is cut first.
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
    out.append(style.dim(style.fit(line(widths, titles(columns))))).append('\n');
    for (Row row : rows) {
      String line = style.fit(line(widths, row.cells));
      out.append(row.paint == null ? line : row.paint.apply(line)).append('\n');
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

  private String line(List<Integer> widths, List<String> cells) {
    StringBuilder line = new StringBuilder();
    int ahead = 0;
    for (int i = 0; i < widths.size(); i++) {
      String text = Cut.start(cells.get(i), widths.get(i));
      int blanks = widths.get(i) - length(text);
      boolean isFigure = columns.get(i).isFigure();
      if (!text.isEmpty()) {
        line.append(" ".repeat(ahead + (isFigure ? blanks : 0))).append(text);
        ahead = isFigure ? 0 : blanks;
      } else {
        ahead += blanks;
      }
      ahead += GAP.length();
    }
    return line.toString().stripTrailing();
  }

  private static int length(String text) {
    return text.codePointCount(0, text.length());
  }

  static <R> void markdown(StringBuilder out, List<Column<R>> columns, Collection<R> rows) {
    List<String> headings = new ArrayList<>();
    List<String> rules = new ArrayList<>();
    for (Column<R> column : columns) {
      headings.add(column.heading());
      rules.add(column.isFigure() ? "--:" : "---");
    }
    markdown(out, headings);
    markdown(out, rules);
    markdownRows(out, columns, rows);
  }

  /** More rows below those of a table. */
  static <R> void markdownRows(StringBuilder out, List<Column<R>> columns, Collection<R> rows) {
    for (R row : rows) {
      List<String> cells = new ArrayList<>();
      for (Column<R> column : columns) {
        cells.add(markdown(column, row));
      }
      markdown(out, cells);
    }
  }

  private static void markdown(StringBuilder out, List<String> cells) {
    out.append("| ").append(String.join(" | ", cells)).append(" |\n");
  }

  private static <R> String markdown(Column<R> column, R row) {
    String text = column.cell(row, "");
    return column.kind() == Column.Kind.NAME ? MarkdownText.code(text) : MarkdownText.escaped(text);
  }

  /** RFC 4180, a line per row; empty if a value is absent. */
  static <R> String csv(List<Column<R>> columns, Collection<R> rows) {
    StringBuilder out = new StringBuilder(1 << 12);
    out.append(Csv.line(titles(columns)));
    for (R row : rows) {
      out.append(Csv.line(texts(columns, row, "")));
    }
    return out.toString();
  }
}
