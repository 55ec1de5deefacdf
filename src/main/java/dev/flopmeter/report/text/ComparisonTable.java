package dev.flopmeter.report.text;

import dev.flopmeter.measure.Change;
import dev.flopmeter.measure.Comparison;
import dev.flopmeter.measure.Comparison.Amount;
import dev.flopmeter.measure.Comparison.Row;
import dev.flopmeter.measure.ComparisonSet;
import dev.flopmeter.report.finding.Column;
import dev.flopmeter.report.finding.ComparisonVerdict;
import dev.flopmeter.text.Printable;
import dev.flopmeter.units.Figures;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A comparison: the whole, the layers that changed, work and memory. */
public final class ComparisonTable {
  private ComparisonTable() {}

  private static final List<Column<Row>> COLUMNS =
      List.of(
          Column.<Row>text("", Row::name).cutTo(12),
          Column.figure("base", Row::baseSeconds, Figures::seconds),
          Column.figure("new", Row::nextSeconds, Figures::seconds),
          Column.figure("change", Row::relative, Figures::change),
          Column.text("verdict", row -> ComparisonVerdict.word(row.change())));

  /** The same columns for amounts, in Markdown. */
  private static final List<Column<Amount>> AMOUNTS =
      List.of(
          Column.text("", Amount::name),
          Column.figure("base", Amount::base, Figures::si),
          Column.figure("new", Amount::next, Figures::si),
          Column.figure("change", Amount::relative, Figures::change),
          Column.text("verdict", amount -> "changed"));

  public static String render(ComparisonSet set, TerminalStyle style) {
    StringBuilder out = new StringBuilder();
    if (set.comparisons().size() > 1) {
      out.append(style.bold(ComparisonVerdict.heading(set))).append("\n\n");
    }
    for (Comparison comparison : set.comparisons()) {
      out.append(style.bold(Printable.of(ComparisonVerdict.of(comparison)))).append("\n\n");
      rows(out, comparison, style);
      amounts(out, comparison);
      comparison.differences().forEach(reason -> warn(out, reason));
      out.append('\n');
    }
    set.unmatched().forEach(reason -> warn(out, reason));
    set.notes().forEach(note -> warn(out, note));
    return out.toString();
  }

  private static void warn(StringBuilder out, String reason) {
    out.append("warning: ").append(Printable.of(reason)).append('\n');
  }

  private static void rows(StringBuilder out, Comparison comparison, TerminalStyle style) {
    List<Row> layers = comparison.layers();
    List<Row> changed = changed(comparison);
    TextTable<Row> table = new TextTable<>(COLUMNS);
    table.row(comparison.total(), paint(comparison.total(), style));
    for (Row layer : style.allLayers() ? layers : changed) {
      table.row(layer, paint(layer, style));
    }
    table.render(out, style);
    int same = layers.size() - changed.size();
    if (same > 0) {
      out.append(same).append(" of ").append(layers.size());
      out.append(" layers: no change beyond noise\n");
    }
  }

  private static void amounts(StringBuilder out, Comparison comparison) {
    for (Amount amount : comparison.changedAmounts()) {
      Double relative = amount.relative();
      out.append(amount.name()).append(": ").append(Figures.exact(amount.base()));
      out.append(" -> ").append(Figures.exact(amount.next()));
      out.append(relative == null ? "" : " (" + Figures.change(relative) + ")").append('\n');
    }
  }

  private static List<Row> changed(Comparison comparison) {
    return comparison.layers().stream().filter(row -> row.change() != Change.SAME).toList();
  }

  private static @Nullable UnaryOperator<String> paint(Row row, TerminalStyle style) {
    return switch (row.change()) {
      case SLOWER -> style::red;
      case FASTER -> style::green;
      case AMBIGUOUS -> style::yellow;
      case SAME, ADDED, REMOVED -> null;
    };
  }

  /** Markdown for a pull request. */
  public static String markdown(ComparisonSet set) {
    StringBuilder out = new StringBuilder();
    if (set.comparisons().size() > 1) {
      MarkdownText.title(out, ComparisonVerdict.heading(set));
    }
    for (Comparison comparison : set.comparisons()) {
      MarkdownText.title(out, ComparisonVerdict.of(comparison));
      MarkdownText.notes(out, "Warning: ", comparison.differences());
      TextTable.markdown(out, COLUMNS, List.of(comparison.total()));
      TextTable.markdownRows(out, AMOUNTS, comparison.changedAmounts());
      layers(out, comparison);
      out.append('\n');
    }
    MarkdownText.notes(out, "", set.unmatched());
    MarkdownText.notes(out, "", set.notes());
    return out.toString();
  }

  private static void layers(StringBuilder out, Comparison comparison) {
    List<Row> changed = changed(comparison);
    int all = comparison.layers().size();
    if (changed.isEmpty()) {
      out.append("\nAll ").append(all).append(" layers: no change beyond noise.\n");
      return;
    }
    out.append("\n<details><summary>").append(changed.size()).append(" of ").append(all);
    out.append(" layers differ</summary>\n\n");
    List<Column<Row>> columns = new ArrayList<>(COLUMNS);
    columns.set(0, columns.get(0).headed("Layer"));
    TextTable.markdown(out, columns, changed);
    out.append("\n</details>\n");
  }
}
