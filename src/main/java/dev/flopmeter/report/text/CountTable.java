package dev.flopmeter.report.text;

import dev.flopmeter.count.BytesMoved;
import dev.flopmeter.count.Cost;
import dev.flopmeter.count.Counts;
import dev.flopmeter.count.LayerCost;
import dev.flopmeter.count.ModelInfo;
import dev.flopmeter.count.Uncounted;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Shape;
import dev.flopmeter.report.finding.Column;
import dev.flopmeter.report.finding.CountTree;
import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.text.Printable;
import dev.flopmeter.units.Figures;
import dev.flopmeter.units.SiPrefix;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A count with a row per layer or group, as text for a terminal, as Markdown and as CSV. */
public final class CountTable {
  private static final String AMOUNTS = " macs flops params activations bytes_read bytes_written";
  private static final String CSV_OF_GROUPS = "path level layers op" + AMOUNTS;
  private static final String CSV_OF_LAYERS = "name op output_shapes" + AMOUNTS + " counted as_run";

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
   * @param companions the same graph under the other numbers of the same tool, for additional
   *     columns
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
      for (Shape shape : layer.outputShapes()) {
        output.add(shape.toString());
      }
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
   * Text for a terminal: the rows, the totals, the uncounted operators.
   *
   * @param unit the unit of all amounts of work, with all digits; null for three digits and the
   *     prefix that fits each
   */
  public String render(@Nullable SiPrefix unit, TerminalStyle style) {
    List<Column<Row>> columns = new ArrayList<>();
    columns.add(Column.name(depth > 0 ? "group" : "layer", 16, new Cell("label", Form.BRIEF)));
    columns.add(Column.text("op", new Cell("op", Form.BRIEF)));
    columns.add(Column.text("output", new Cell("output_shapes", Form.BRIEF)).cutTo(8));
    addWork(columns, Form.BRIEF, unit);
    columns.add(Column.figure("params", new Cell("params", Form.BRIEF)));
    columns.add(Column.figure("activations", new Cell("activations", Form.BRIEF)));
    columns.add(Column.figure("read", new Cell("bytes_read", Form.BRIEF)));
    columns.add(Column.figure("written", new Cell("bytes_written", Form.BRIEF)));
    addCompanions(columns, '-', Form.BRIEF, unit);
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

  /** How amounts are written. */
  private enum Form {
    /** Three digits, nothing for zero. */
    BRIEF,
    /** All digits, in groups. */
    EXACT,
    /** All digits, for programs. */
    DIGITS
  }

  /**
   * What a row has in a column. No lambda for each: they would lengthen short commands.
   *
   * @param column by its name in CSV
   * @param unit of work in brief; null for the prefix that fits
   * @param companion which of several
   */
  private record Cell(String column, Form form, @Nullable SiPrefix unit, int companion)
      implements Function<Row, @Nullable Object> {
    Cell(String column, Form form) {
      this(column, form, null, 0);
    }

    @Override
    public Object apply(Row row) {
      Cost cost = row.at.cost();
      boolean isKnown = row.isCounted || form == Form.DIGITS;
      return switch (column) {
        case "label" -> "  ".repeat(row.at.level()) + row.at.name();
        case "name", "path" -> row.at.path();
        case "op" -> row.at.op();
        case "output_shapes" -> row.output;
        case "level" -> row.at.level();
        case "layers" -> row.at.layers();
        case "macs" -> isKnown ? work(cost.macs()) : "?";
        case "flops" -> isKnown ? work(cost.flops()) : "?";
        case "companion" -> row.companions.isEmpty() ? "" : work(row.companions.get(companion));
        case "params" -> amount(cost.params());
        case "activations" -> amount(row.at.activations());
        case "bytes_read" -> bytes(cost.bytesRead());
        case "bytes_written" -> bytes(cost.bytesWritten());
        case "counted" -> row.isCounted;
        case "as_run" -> form == Form.DIGITS ? row.isAsRun + "" : row.isAsRun ? "as run" : "";
        default -> throw new IllegalArgumentException(column);
      };
    }

    private String work(long value) {
      return form == Form.BRIEF && value != 0 ? CountTable.work(value, unit) : amount(value);
    }

    private String bytes(long value) {
      return form == Form.BRIEF && value != 0 ? Figures.bytes(value) : amount(value);
    }

    private String amount(long value) {
      return switch (form) {
        case EXACT -> Figures.exact(value);
        case DIGITS -> Long.toString(value);
        case BRIEF -> value == 0 ? "" : Figures.si(value);
      };
    }
  }

  private static String work(long value, @Nullable SiPrefix unit) {
    if (unit == null) {
      return Figures.si(value);
    }
    String digits = unit.in(BigDecimal.valueOf(value)).stripTrailingZeros().toPlainString();
    return (digits + " " + unit.symbol()).trim();
  }

  /** MACs, and the convention's number where that is another. */
  private void addWork(List<Column<Row>> columns, Form form, @Nullable SiPrefix unit) {
    columns.add(Column.figure("MACs", new Cell("macs", form, unit, 0)));
    if (!isMacs()) {
      String convention = counts.convention();
      columns.add(
          Column.<Row>figure(convention, new Cell("flops", form, unit, 0)).headed(convention));
    }
  }

  /** A column that marks rows whose work depends on data, if there are any. */
  private void addAsRun(List<Column<Row>> columns) {
    if (depth == 0 && counts.asRunMacs() != null) {
      columns.add(Column.text("counted", new Cell("as_run", Form.EXACT)));
    }
  }

  private boolean isMacs() {
    return counts.convention().equals("macs");
  }

  private void addCompanions(
      List<Column<Row>> columns, char hyphen, Form form, @Nullable SiPrefix unit) {
    for (int i = 0; i < companions.size(); i++) {
      String title = companions.get(i).convention().replace('-', hyphen);
      columns.add(Column.figure(title, new Cell("companion", form, unit, i)));
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
    line(out, style, "MACs", total(totals.macs(), unit));
    Long asRun = counts.asRunMacs();
    if (asRun != null) {
      line(out, style, "MACs as run", total(asRun, unit));
    }
    if (!isMacs()) {
      line(out, style, counts.convention(), total(totals.flops(), unit));
    }
    for (Counts companion : companions) {
      line(out, style, companion.convention(), total(companion.totals().flops(), unit));
    }
    line(out, style, "parameters", Figures.exact(totals.params()));
    line(out, style, "activations", Figures.exact(counts.activations()));
    line(out, style, "bytes read", bytes(totals.bytesRead(), true));
    line(out, style, "bytes written", bytes(totals.bytesWritten(), false));
    line(out, style, "peak activations", Figures.exact(counts.peakActivationBytes()) + " B");
    OptionalDouble intensity = counts.intensity();
    if (intensity.isPresent()) {
      line(out, style, "intensity", Figures.number(intensity.getAsDouble()) + " FLOP/B");
    }
  }

  private static String total(long work, @Nullable SiPrefix unit) {
    String exact = Figures.exact(work);
    return unit == null || unit == SiPrefix.ONE ? exact : work(work, unit) + " (" + exact + ")";
  }

  private static void line(StringBuilder out, TerminalStyle style, String name, String value) {
    out.append(style.fit(name + " ".repeat(Math.max(1, 18 - name.length())) + value)).append('\n');
  }

  private String bytes(long total, boolean isRead) {
    StringJoiner types = new StringJoiner(", ", " (", ")").setEmptyValue("");
    for (Map.Entry<DataType, BytesMoved> each : new TreeMap<>(counts.bytesByType()).entrySet()) {
      long moved = isRead ? each.getValue().read() : each.getValue().written();
      if (moved > 0) {
        types.add(each.getKey().label() + " " + Figures.bytes(moved));
      }
    }
    return Figures.exact(total) + types;
  }

  private List<String> uncounted() {
    List<String> uncounted = new ArrayList<>();
    for (Uncounted missing : counts.uncounted()) {
      uncounted.add(uncounted(missing));
    }
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
      columns.add(Column.name("group", Column.WHOLE, new Cell("path", Form.EXACT)));
      columns.add(Column.figure("layers", new Cell("layers", Form.EXACT)));
    } else {
      columns.add(Column.name("layer", Column.WHOLE, new Cell("path", Form.EXACT)));
      columns.add(Column.text("op", new Cell("op", Form.EXACT)));
      columns.add(Column.text("output", new Cell("output_shapes", Form.EXACT)));
    }
    addWork(columns, Form.EXACT, null);
    columns.add(Column.figure("parameters", new Cell("params", Form.EXACT)));
    columns.add(Column.figure("activations", new Cell("activations", Form.EXACT)));
    addAsRun(columns);
    TextTable.markdown(out, columns, rows);
    return out.toString();
  }

  /** CSV (RFC 4180), a line per row: exact integers; levels of groups count from 0. */
  public String csv() {
    List<Column<Row>> columns = new ArrayList<>();
    for (String name : (depth > 0 ? CSV_OF_GROUPS : CSV_OF_LAYERS).split(" ", -1)) {
      columns.add(Column.text(name, new Cell(name, Form.DIGITS)));
    }
    if (depth == 0) {
      addCompanions(columns, '_', Form.DIGITS, null);
    }
    return TextTable.csv(columns, rows);
  }
}
