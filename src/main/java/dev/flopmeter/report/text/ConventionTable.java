package dev.flopmeter.report.text;

import dev.flopmeter.count.convention.ToolComparison;
import dev.flopmeter.count.convention.ToolComparison.Difference;
import dev.flopmeter.count.convention.ToolComparison.ToolCount;
import dev.flopmeter.report.finding.Breakdown;
import dev.flopmeter.report.finding.Column;
import dev.flopmeter.text.Printable;
import dev.flopmeter.units.Figures;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The numbers of all tools side by side, and the reasons for the differences. */
public final class ConventionTable {
  private ConventionTable() {}

  /** The width of lines without a terminal. */
  private static final int WIDEST_NOTE = 80;

  /** The space that the other columns leave of 80. */
  private static final int WHY_WIDTH = 34;

  private static List<Column<ToolCount>> columns(
      ToolComparison comparison, int whyWidth, boolean hasNote) {
    List<Column<ToolCount>> columns =
        List.of(
            Column.text("convention", tool -> tool.convention().name()),
            Column.figure("number", tool -> Figures.exact(tool.value())),
            Column.text("unit", tool -> tool.convention().unit()),
            Column.figure("off", tool -> deviation(comparison, tool)),
            Column.text("= MACs", tool -> why(tool, whyWidth)),
            Column.text(
                "note", tool -> tool.convention().version() + ": " + tool.convention().note()));
    return hasNote ? columns : columns.subList(0, columns.size() - 1);
  }

  /** For a terminal; each tool's note follows the table, once. */
  public static String render(ToolComparison comparison, TerminalStyle style) {
    StringBuilder out = new StringBuilder();
    out.append(style.bold(style.fit(Printable.of(title(comparison))))).append("\n\n");
    TextTable.render(out, style, columns(comparison, WHY_WIDTH, false), comparison.tools());
    out.append('\n');
    int width = Math.min(WIDEST_NOTE, style.width());
    notes(comparison)
        .forEach(
            (note, tools) ->
                style
                    .wrapped(tools + note, width, 2)
                    .forEach(line -> out.append(line).append('\n')));
    return out.toString();
  }

  /** The conventions that share a note, by its text. */
  private static Map<String, String> notes(ToolComparison comparison) {
    return comparison.tools().stream()
        .collect(
            Collectors.groupingBy(
                tool -> " (" + tool.convention().version() + "): " + tool.convention().note(),
                LinkedHashMap::new,
                Collectors.mapping(tool -> tool.convention().name(), Collectors.joining(", "))));
  }

  /** For a pull request or a model card. */
  public static String markdown(ToolComparison comparison) {
    StringBuilder out = new StringBuilder();
    MarkdownText.title(out, title(comparison));
    TextTable.markdown(out, columns(comparison, Integer.MAX_VALUE, true), comparison.tools());
    return out.toString();
  }

  /** A line per tool; the differences joined by semicolons. */
  public static String csv(ToolComparison comparison) {
    return TextTable.csv(
        List.of(
            Column.text("convention", tool -> tool.convention().name()),
            Column.text("version", tool -> tool.convention().version()),
            Column.text("unit", tool -> tool.convention().unit()),
            Column.figure("value", ToolCount::value),
            Column.figure("per_mac", tool -> tool.convention().perMac()),
            Column.text("differences", ConventionTable::differences)),
        comparison.tools());
  }

  private static String differences(ToolCount tool) {
    return tool.differences().stream()
        .map(difference -> difference.op() + " " + difference.amount())
        .collect(Collectors.joining("; "));
  }

  private static String title(ToolComparison comparison) {
    return "%s: %s MACs, as each tool counts them"
        .formatted(comparison.model().name(), Figures.exact(comparison.macs()));
  }

  /** How far the number differs from what the MACs alone would give. */
  private static String deviation(ToolComparison comparison, ToolCount tool) {
    double plain = (double) tool.convention().perMac() * comparison.macs();
    if (plain == 0) {
      return "";
    }
    double off = 100.0 * (tool.value() - plain) / plain;
    return String.format(Locale.ROOT, "%+.1f %%", off);
  }

  /** The largest differences that fit into {@code width} characters. */
  private static String why(ToolCount tool, int width) {
    if (tool.convention().perMac() == 0) {
      return "not an amount of work";
    }
    StringBuilder text =
        new StringBuilder(tool.convention().perMac() == 1 ? "" : "x " + tool.convention().perMac());
    int left = tool.differences().size();
    for (Difference difference : tool.differences()) {
      String part =
          (text.length() == 0 ? "" : " ")
              + (difference.amount() > 0 ? "+" : "-")
              + Figures.si(Math.abs(difference.amount()))
              + " "
              + Breakdown.operator(difference.op());
      int reserved = --left == 0 ? 0 : " ...".length();
      if (text.length() + part.length() > width - reserved) {
        return text + " ...";
      }
      text.append(part);
    }
    return text.toString();
  }
}
