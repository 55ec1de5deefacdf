package dev.flopmeter.report.text;

import dev.flopmeter.measure.Change;
import dev.flopmeter.measure.Comparison;
import dev.flopmeter.measure.Comparison.Amount;
import dev.flopmeter.measure.Comparison.Row;
import dev.flopmeter.measure.ComparisonSet;
import dev.flopmeter.report.finding.ComparisonVerdict;
import dev.flopmeter.report.text.TextTable.Column;
import dev.flopmeter.text.Printable;
import dev.flopmeter.units.Figures;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A comparison as text for a terminal: the whole, the layers that changed, work and memory. */
public final class ComparisonTable {
  private ComparisonTable() {}

  public static String render(ComparisonSet set, TerminalStyle style) {
    StringBuilder out = new StringBuilder();
    if (set.comparisons().size() > 1) {
      out.append(style.bold(ComparisonVerdict.heading(set))).append("\n\n");
    }
    for (Comparison comparison : set.comparisons()) {
      out.append(style.bold(Printable.of(ComparisonVerdict.of(comparison)))).append("\n\n");
      table(comparison, style).render(out, style);
      out.append(same(comparison));
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

  private static TextTable table(Comparison comparison, TerminalStyle style) {
    TextTable table =
        new TextTable(
            List.of(
                Column.path("", 12),
                Column.figure("base"),
                Column.figure("new"),
                Column.figure("change"),
                Column.text("verdict")));
    row(table, comparison.total(), style);
    for (Row layer : comparison.layers()) {
      if (style.allLayers() || layer.change() != Change.SAME) {
        row(table, layer, style);
      }
    }
    return table;
  }

  private static void row(TextTable table, Row row, TerminalStyle style) {
    Double relative = row.relative();
    UnaryOperator<String> paint =
        switch (row.change()) {
          case SLOWER -> style::red;
          case FASTER -> style::green;
          case AMBIGUOUS -> style::yellow;
          case SAME, ADDED, REMOVED -> UnaryOperator.identity();
        };
    table.row(
        List.of(
            row.name(),
            seconds(row.baseSeconds()),
            seconds(row.nextSeconds()),
            relative == null ? "-" : Figures.change(relative),
            ComparisonVerdict.word(row.change())),
        paint);
  }

  private static String same(Comparison comparison) {
    long same = comparison.layers().stream().filter(layer -> layer.change() == Change.SAME).count();
    return same == 0
        ? ""
        : same + " of " + comparison.layers().size() + " layers: no change beyond noise\n";
  }

  private static void amounts(StringBuilder out, Comparison comparison) {
    for (Amount amount : comparison.amounts()) {
      Long base = amount.base();
      Long next = amount.next();
      if (amount.isChanged() && base != null && next != null) {
        out.append(amount.name())
            .append(": ")
            .append(Figures.exact(base))
            .append(" -> ")
            .append(Figures.exact(next));
        if (base != 0) {
          out.append(" (").append(Figures.change((double) next / base - 1)).append(')');
        }
        out.append('\n');
      }
    }
  }

  static String seconds(@Nullable Double seconds) {
    return seconds == null ? "-" : Figures.seconds(seconds);
  }
}
