package dev.flopmeter.report.text;

import dev.flopmeter.count.BytesMoved;
import dev.flopmeter.count.Cost;
import dev.flopmeter.count.Counts;
import dev.flopmeter.count.LayerCost;
import dev.flopmeter.count.ModelInfo;
import dev.flopmeter.count.Uncounted;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Shape;
import dev.flopmeter.report.finding.CountTree;
import dev.flopmeter.report.text.TextTable.Column;
import dev.flopmeter.text.Printable;
import dev.flopmeter.units.Figures;
import dev.flopmeter.units.SiPrefix;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A count as text for a terminal: a row per layer or group, the totals, what was not counted. */
public final class CountTable {
  private final Counts counts;
  private final List<Counts> companions;
  private final @Nullable SiPrefix unit;
  private final TerminalStyle style;

  /**
   * @param companions the same graph under the other numbers of the same tool, for columns of their
   *     own
   * @param unit the unit of all amounts of work, with all digits; null for three digits and the
   *     prefix that fits each
   */
  public CountTable(
      Counts counts, List<Counts> companions, @Nullable SiPrefix unit, TerminalStyle style) {
    this.counts = counts;
    this.companions = List.copyOf(companions);
    this.unit = unit;
    this.style = style;
  }

  /** A row per layer. */
  public String render() {
    TextTable table = new TextTable(columns("layer"));
    for (int i = 0; i < counts.layers().size(); i++) {
      LayerCost layer = counts.layers().get(i);
      List<String> cells = new ArrayList<>();
      cells.add(layer.name());
      cells.add(layer.op());
      cells.add(shapes(layer.outputShapes()));
      amounts(cells, layer.cost(), layer.activations(), layer.isCounted());
      for (Counts companion : companions) {
        cells.add(amount(companion.layers().get(i).cost().flops()));
      }
      table.row(cells);
    }
    return with(table);
  }

  /** A row per group of layers, down to {@code depth} parts of their names. */
  public String renderTree(int depth) {
    TextTable table = new TextTable(columns("group"));
    for (CountTree.Row row : CountTree.of(counts, depth)) {
      List<String> cells = new ArrayList<>();
      cells.add("  ".repeat(row.level()) + row.name());
      cells.add(row.op());
      cells.add(row.layers() + (row.layers() == 1 ? " layer" : " layers"));
      amounts(cells, row.cost(), row.activations(), true);
      for (int i = 0; i < companions.size(); i++) {
        cells.add("");
      }
      table.row(cells);
    }
    return with(table);
  }

  private List<Column> columns(String first) {
    List<Column> columns = new ArrayList<>();
    columns.add(Column.path(first, 16));
    columns.add(Column.text("op"));
    columns.add(Column.path("output", 8));
    columns.add(Column.figure("MACs"));
    if (!counts.convention().equals("macs")) {
      columns.add(Column.figure(counts.convention()));
    }
    columns.add(Column.figure("params"));
    columns.add(Column.figure("activations"));
    columns.add(Column.figure("read"));
    columns.add(Column.figure("written"));
    for (Counts companion : companions) {
      columns.add(Column.figure(companion.convention()));
    }
    return columns;
  }

  private void amounts(List<String> cells, Cost cost, long activations, boolean isCounted) {
    cells.add(isCounted ? amount(cost.macs()) : "?");
    if (!counts.convention().equals("macs")) {
      cells.add(isCounted ? amount(cost.flops()) : "?");
    }
    cells.add(blankZero(Figures.si(cost.params())));
    cells.add(blankZero(Figures.si(activations)));
    cells.add(blankZero(Figures.bytes(cost.bytesRead())));
    cells.add(blankZero(Figures.bytes(cost.bytesWritten())));
  }

  private static String blankZero(String text) {
    return text.equals("0") || text.equals("0 B") ? "" : text;
  }

  private String amount(long value) {
    if (value == 0) {
      return "";
    }
    return unit == null ? Figures.si(value) : inUnit(value);
  }

  private String inUnit(long value) {
    SiPrefix prefix = unit == null ? SiPrefix.ONE : unit;
    String digits = prefix.in(BigDecimal.valueOf(value)).stripTrailingZeros().toPlainString();
    return prefix == SiPrefix.ONE ? digits : digits + " " + prefix.symbol();
  }

  private String with(TextTable table) {
    StringBuilder out = new StringBuilder(1 << 14);
    out.append(style.bold(style.fit(title(counts.model())))).append("\n\n");
    table.render(out, style);
    out.append('\n');
    totals(out);
    for (String note : counts.notes()) {
      out.append(style.fit("note: " + Printable.of(note))).append('\n');
    }
    for (Uncounted missing : counts.uncounted()) {
      out.append(style.yellow(style.fit(Printable.of(uncounted(missing))))).append('\n');
    }
    return out.toString();
  }

  private static String title(ModelInfo model) {
    StringBuilder title = new StringBuilder(model.name());
    for (ModelInfo.Input input : model.inputs()) {
      title.append(' ').append(input.name()).append('=').append(input.type().shape());
    }
    return Printable.of(title.toString());
  }

  static String uncounted(Uncounted missing) {
    int shown = Math.min(3, missing.nodes().size());
    return "uncounted: "
        + missing.count()
        + " x "
        + missing.op()
        + " ("
        + missing.reason()
        + "): "
        + String.join(", ", missing.nodes().subList(0, shown))
        + (shown < missing.count() ? ", ..." : "");
  }

  private void totals(StringBuilder out) {
    Cost totals = counts.totals();
    line(out, "MACs", amountInFull(totals.macs()));
    if (!counts.convention().equals("macs")) {
      line(out, counts.convention(), amountInFull(totals.flops()));
    }
    for (Counts companion : companions) {
      line(out, companion.convention(), amountInFull(companion.totals().flops()));
    }
    line(out, "parameters", Figures.exact(totals.params()));
    line(out, "activations", Figures.exact(counts.activations()));
    line(out, "bytes read", Figures.exact(totals.bytesRead()) + byType(true));
    line(out, "bytes written", Figures.exact(totals.bytesWritten()) + byType(false));
    line(out, "peak activations", Figures.exact(counts.peakActivationBytes()) + " B");
    counts
        .intensity()
        .ifPresent(value -> line(out, "intensity", Figures.number(value) + " FLOP/B"));
  }

  private String amountInFull(long value) {
    return unit == null || unit == SiPrefix.ONE
        ? Figures.exact(value)
        : inUnit(value) + " (" + Figures.exact(value) + ")";
  }

  private void line(StringBuilder out, String name, String value) {
    out.append(style.fit(name + " ".repeat(Math.max(1, 18 - name.length())) + value)).append('\n');
  }

  private String byType(boolean isRead) {
    Map<DataType, BytesMoved> types = new TreeMap<>(counts.bytesByType());
    StringBuilder text = new StringBuilder();
    types.forEach(
        (type, moved) -> {
          long bytes = isRead ? moved.read() : moved.written();
          if (bytes > 0) {
            text.append(text.length() == 0 ? " (" : ", ")
                .append(type.label())
                .append(' ')
                .append(Figures.bytes(bytes));
          }
        });
    return text.length() == 0 ? "" : text.append(')').toString();
  }

  static String shapes(List<Shape> shapes) {
    StringBuilder text = new StringBuilder();
    for (Shape shape : shapes) {
      text.append(text.length() == 0 ? "" : " ").append(shape);
    }
    return text.toString();
  }
}
