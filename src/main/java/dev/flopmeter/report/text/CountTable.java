package dev.flopmeter.report.text;

import dev.flopmeter.count.BytesMoved;
import dev.flopmeter.count.Cost;
import dev.flopmeter.count.Counts;
import dev.flopmeter.count.LayerCost;
import dev.flopmeter.count.ModelInfo;
import dev.flopmeter.count.Uncounted;
import dev.flopmeter.report.finding.Column;
import dev.flopmeter.report.finding.CountTree;
import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.text.Printable;
import dev.flopmeter.units.Figures;
import dev.flopmeter.units.SiPrefix;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.function.LongFunction;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** A count with a row per layer or group, as text for a terminal, as Markdown and as CSV. */
public final class CountTable {
  private final Counts counts;
  private final List<Counts> companions;
  private final int depth;
  private final List<Row> rows;

  /**
   * A layer, or a group of layers.
   *
   * @param companions its work under the other numbers of the same tool; empty for a group
   */
  private record Row(
      CountTree.Row at, String output, boolean isCounted, boolean isAsRun, List<Long> companions) {}

  /**
   * @param companions the same graph under the other numbers of the same tool, for columns of their
   *     own
   * @param depth 0 for a row per layer, else groups down to that many parts of their names
   */
  public CountTable(Counts counts, List<Counts> companions, int depth) {
    this.counts = counts;
    this.companions = List.copyOf(companions);
    this.depth = depth;
    this.rows = depth > 0 ? groups() : layers();
  }

  private List<Row> layers() {
    List<Row> layers = new ArrayList<>();
    for (LayerCost layer : counts.layers()) {
      StringJoiner output = new StringJoiner(" ");
      layer.outputShapes().forEach(shape -> output.add(shape.toString()));
      List<Long> others = new ArrayList<>();
      for (Counts companion : companions) {
        others.add(companion.layers().get(layers.size()).cost().flops());
      }
      CountTree.Row row = CountTree.Row.of(layer);
      layers.add(new Row(row, output.toString(), layer.isCounted(), layer.isAsRun(), others));
    }
    return layers;
  }

  private List<Row> groups() {
    return CountTree.of(counts, depth).stream()
        .map(row -> new Row(row, Verdict.count(row.layers(), "layer"), true, false, List.of()))
        .toList();
  }

  /**
   * Text for a terminal: the rows, the totals, what was not counted.
   *
   * @param unit the unit of all amounts of work, with all digits; null for three digits and the
   *     prefix that fits each
   */
  public String render(@Nullable SiPrefix unit, TerminalStyle style) {
    LongFunction<String> work = amount -> amount == 0 ? "" : work(amount, unit);
    List<Column<Row>> columns = new ArrayList<>();
    columns.add(
        Column.name(
            depth > 0 ? "group" : "layer", 16, row -> "  ".repeat(row.at.level()) + row.at.name()));
    columns.add(Column.text("op", row -> row.at.op()));
    columns.add(Column.<Row>text("output", Row::output).cutTo(8));
    addWork(columns, work);
    columns.add(Column.figure("params", row -> known(row.at.cost().params(), Figures::si)));
    columns.add(Column.figure("activations", row -> known(row.at.activations(), Figures::si)));
    columns.add(Column.figure("read", row -> known(row.at.cost().bytesRead(), Figures::bytes)));
    columns.add(
        Column.figure("written", row -> known(row.at.cost().bytesWritten(), Figures::bytes)));
    addCompanions(columns, '-', work);
    addAsRun(columns);

    StringBuilder out = new StringBuilder(1 << 14);
    out.append(style.bold(style.fit(title(counts.model())))).append("\n\n");
    TextTable.render(out, style, columns, rows);
    out.append('\n');
    totals(out, unit, style);
    for (String note : counts.notes()) {
      out.append(style.fit("note: " + Printable.of(note))).append('\n');
    }
    for (String missing : uncounted()) {
      out.append(style.yellow(style.fit(Printable.of(missing)))).append('\n');
    }
    return out.toString();
  }

  private static String known(long amount, LongFunction<String> format) {
    return amount == 0 ? "" : format.apply(amount);
  }

  private static String work(long value, @Nullable SiPrefix unit) {
    if (unit == null) {
      return Figures.si(value);
    }
    String digits = unit.in(BigDecimal.valueOf(value)).stripTrailingZeros().toPlainString();
    return (digits + " " + unit.symbol()).trim();
  }

  /** MACs, and the convention's number where that is another. */
  private void addWork(List<Column<Row>> columns, LongFunction<String> format) {
    columns.add(
        Column.figure("MACs", row -> row.isCounted ? format.apply(row.at.cost().macs()) : "?"));
    if (!isMacs()) {
      columns.add(
          Column.<Row>figure(
                  counts.convention(),
                  row -> row.isCounted ? format.apply(row.at.cost().flops()) : "?")
              .headed(counts.convention()));
    }
  }

  /** A column that marks the rows whose work depends on data, where there are some. */
  private void addAsRun(List<Column<Row>> columns) {
    if (depth == 0 && counts.asRunMacs() != null) {
      columns.add(Column.text("counted", row -> row.isAsRun ? "as run" : ""));
    }
  }

  private boolean isMacs() {
    return counts.convention().equals("macs");
  }

  private void addCompanions(List<Column<Row>> columns, char hyphen, LongFunction<String> format) {
    for (int i = 0; i < companions.size(); i++) {
      int index = i;
      columns.add(
          Column.figure(
              companions.get(i).convention().replace('-', hyphen),
              row -> row.companions.isEmpty() ? "" : format.apply(row.companions.get(index))));
    }
  }

  private static String title(ModelInfo model) {
    StringBuilder title = new StringBuilder(model.name());
    for (ModelInfo.Input input : model.inputs()) {
      title.append(' ').append(input.name()).append('=').append(input.type().shape());
    }
    return Printable.of(title.toString());
  }

  private void totals(StringBuilder out, @Nullable SiPrefix unit, TerminalStyle style) {
    Cost totals = counts.totals();
    LongFunction<String> work =
        value ->
            unit == null || unit == SiPrefix.ONE
                ? Figures.exact(value)
                : work(value, unit) + " (" + Figures.exact(value) + ")";
    line(out, style, "MACs", work.apply(totals.macs()));
    Long asRun = counts.asRunMacs();
    if (asRun != null) {
      line(out, style, "MACs as run", work.apply(asRun));
    }
    if (!isMacs()) {
      line(out, style, counts.convention(), work.apply(totals.flops()));
    }
    for (Counts companion : companions) {
      line(out, style, companion.convention(), work.apply(companion.totals().flops()));
    }
    line(out, style, "parameters", Figures.exact(totals.params()));
    line(out, style, "activations", Figures.exact(counts.activations()));
    line(out, style, "bytes read", bytes(totals.bytesRead(), BytesMoved::read));
    line(out, style, "bytes written", bytes(totals.bytesWritten(), BytesMoved::written));
    line(out, style, "peak activations", Figures.exact(counts.peakActivationBytes()) + " B");
    counts
        .intensity()
        .ifPresent(value -> line(out, style, "intensity", Figures.number(value) + " FLOP/B"));
  }

  private static void line(StringBuilder out, TerminalStyle style, String name, String value) {
    out.append(style.fit(name + " ".repeat(Math.max(1, 18 - name.length())) + value)).append('\n');
  }

  private String bytes(long total, ToLongFunction<BytesMoved> moved) {
    StringJoiner types = new StringJoiner(", ", " (", ")").setEmptyValue("");
    new TreeMap<>(counts.bytesByType())
        .forEach(
            (type, both) -> {
              if (moved.applyAsLong(both) > 0) {
                types.add(type.label() + " " + Figures.bytes(moved.applyAsLong(both)));
              }
            });
    return Figures.exact(total) + types;
  }

  private List<String> uncounted() {
    List<String> uncounted = new ArrayList<>();
    counts.uncounted().forEach(missing -> uncounted.add(uncounted(missing)));
    return uncounted;
  }

  private static String uncounted(Uncounted missing) {
    int shown = Math.min(3, missing.nodes().size());
    return String.format(
        "uncounted: %s x %s (%s): %s",
        missing.count(),
        missing.op(),
        missing.reason(),
        String.join(", ", missing.nodes().subList(0, shown))
            + (shown < missing.count() ? ", ..." : ""));
  }

  /** Markdown for a pull request or a model card: the totals, then the rows. */
  public String markdown() {
    StringBuilder out = new StringBuilder(1 << 14);
    Cost totals = counts.totals();
    out.append("**").append(MarkdownText.escaped(counts.model().name())).append("**: ");
    out.append(Figures.exact(totals.macs())).append(" MACs, ");
    Long asRun = counts.asRunMacs();
    if (asRun != null) {
      out.append(Figures.exact(asRun)).append(" of them as run, ");
    }
    if (!isMacs()) {
      out.append(Figures.exact(totals.flops())).append(' ').append(counts.convention());
      out.append(", ");
    }
    out.append(Figures.exact(totals.params())).append(" parameters, ");
    out.append(Figures.exact(counts.activations())).append(" activations\n\n");
    MarkdownText.notes(out, "", uncounted());
    MarkdownText.notes(out, "", counts.notes());
    List<Column<Row>> columns = new ArrayList<>();
    if (depth > 0) {
      columns.add(Column.name("group", Column.WHOLE, row -> row.at.path()));
      columns.add(Column.figure("layers", row -> row.at.layers()));
    } else {
      columns.add(Column.name("layer", Column.WHOLE, row -> row.at.path()));
      columns.add(Column.text("op", row -> row.at.op()));
      columns.add(Column.text("output", Row::output));
    }
    addWork(columns, Figures::exact);
    columns.add(Column.figure("parameters", row -> Figures.exact(row.at.cost().params())));
    columns.add(Column.figure("activations", row -> Figures.exact(row.at.activations())));
    addAsRun(columns);
    TextTable.markdown(out, columns, rows);
    return out.toString();
  }

  /** CSV (RFC 4180), a line per row: exact integers; levels of groups count from 0. */
  public String csv() {
    List<Column<Row>> columns = new ArrayList<>();
    columns.add(Column.text(depth > 0 ? "path" : "name", row -> row.at.path()));
    if (depth > 0) {
      columns.add(Column.figure("level", row -> row.at.level()));
      columns.add(Column.figure("layers", row -> row.at.layers()));
      columns.add(Column.text("op", row -> row.at.op()));
    } else {
      columns.add(Column.text("op", row -> row.at.op()));
      columns.add(Column.text("output_shapes", Row::output));
    }
    columns.add(Column.figure("macs", row -> row.at.cost().macs()));
    columns.add(Column.figure("flops", row -> row.at.cost().flops()));
    columns.add(Column.figure("params", row -> row.at.cost().params()));
    columns.add(Column.figure("activations", row -> row.at.activations()));
    columns.add(Column.figure("bytes_read", row -> row.at.cost().bytesRead()));
    columns.add(Column.figure("bytes_written", row -> row.at.cost().bytesWritten()));
    if (depth == 0) {
      columns.add(Column.text("counted", Row::isCounted));
      columns.add(Column.text("as_run", Row::isAsRun));
      addCompanions(columns, '_', Long::toString);
    }
    return TextTable.csv(columns, rows);
  }
}
