package dev.flopmeter.report.text;

import dev.flopmeter.text.Cut;
import dev.flopmeter.text.Printable;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** Rows of text in columns as wide as their contents, cut to a width where needed. */
final class TextTable {
  private static final String GAP = " ";

  /**
   * A column.
   *
   * @param least characters that cutting leaves of it; {@link #WHOLE} for figures, which are never
   *     cut
   */
  record Column(String title, Side side, int least) {
    static final int WHOLE = Integer.MAX_VALUE;

    static Column figure(String title) {
      return new Column(title, Side.RIGHT, WHOLE);
    }

    static Column text(String title) {
      return new Column(title, Side.LEFT, WHOLE);
    }

    /** Text whose end says most, such as {@code layer4.2.conv3}: cut in front. */
    static Column path(String title, int least) {
      return new Column(title, Side.LEFT, least);
    }
  }

  /** How a cell's text is aligned in its column. */
  enum Side {
    LEFT,
    RIGHT
  }

  private record Row(List<String> cells, UnaryOperator<String> paint) {}

  private final List<Column> columns;
  private final List<Row> rows = new ArrayList<>();

  TextTable(List<Column> columns) {
    this.columns = List.copyOf(columns);
  }

  void row(List<String> cells) {
    row(cells, UnaryOperator.identity());
  }

  /** A row whose line is coloured after layout, so that escape sequences take no width. */
  void row(List<String> cells, UnaryOperator<String> paint) {
    if (cells.size() != columns.size()) {
      throw new IllegalArgumentException(
          cells.size() + " cells for " + columns.size() + " columns");
    }
    rows.add(new Row(cells.stream().map(Printable::of).toList(), paint));
  }

  /** The width at which nothing is cut. */
  int naturalWidth() {
    return total(natural());
  }

  void render(StringBuilder out, TerminalStyle style) {
    int[] widths = natural();
    // The widest of the columns that can be cut gives first.
    for (int over = total(widths) - style.width(); over > 0; over--) {
      int widest = -1;
      for (int i = 0; i < widths.length; i++) {
        if (widths[i] > columns.get(i).least() && (widest < 0 || widths[i] > widths[widest])) {
          widest = i;
        }
      }
      if (widest < 0) {
        break;
      }
      widths[widest]--;
    }
    line(out, widths, columns.stream().map(Column::title).toList(), style::dim, style);
    for (Row row : rows) {
      line(out, widths, row.cells, row.paint, style);
    }
  }

  private int[] natural() {
    int[] widths = new int[columns.size()];
    for (int i = 0; i < widths.length; i++) {
      widths[i] = length(columns.get(i).title());
      for (Row row : rows) {
        widths[i] = Math.max(widths[i], length(row.cells.get(i)));
      }
    }
    return widths;
  }

  private static int total(int[] widths) {
    int total = GAP.length() * (widths.length - 1);
    for (int width : widths) {
      total += width;
    }
    return total;
  }

  private void line(
      StringBuilder out,
      int[] widths,
      List<String> cells,
      UnaryOperator<String> paint,
      TerminalStyle style) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < widths.length; i++) {
      if (i > 0) {
        line.append(GAP);
      }
      String text = Cut.start(cells.get(i), widths[i]);
      String blank = " ".repeat(widths[i] - length(text));
      line.append(columns.get(i).side() == Side.RIGHT ? blank + text : text + blank);
    }
    out.append(paint.apply(style.fit(line.toString().stripTrailing()))).append('\n');
  }

  private static int length(String text) {
    return text.codePointCount(0, text.length());
  }
}
