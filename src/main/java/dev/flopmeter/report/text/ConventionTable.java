package dev.flopmeter.report.text;

import dev.flopmeter.count.convention.ToolComparison;
import dev.flopmeter.count.convention.ToolComparison.Difference;
import dev.flopmeter.count.convention.ToolComparison.ToolCount;
import dev.flopmeter.report.finding.Breakdown;
import dev.flopmeter.report.text.TextTable.Column;
import dev.flopmeter.text.Csv;
import dev.flopmeter.text.Printable;
import dev.flopmeter.units.Figures;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The numbers of all tools side by side, and what makes the difference. */
public final class ConventionTable {
  private ConventionTable() {}

  /** The width of lines where no terminal limits it. */
  private static final int WIDEST_NOTE = 80;

  /** What the other columns leave of 80. */
  private static final int WHY_WIDTH = 34;

  /** For a terminal; each tool's note follows the table, once. */
  public static String render(ToolComparison comparison, TerminalStyle style) {
    StringBuilder out = new StringBuilder();
    out.append(style.bold(style.fit(Printable.of(title(comparison))))).append("\n\n");
    TextTable table =
        new TextTable(
            List.of(
                Column.text("convention"),
                Column.figure("number"),
                Column.text("unit"),
                Column.figure("off"),
                new Column("= MACs", TextTable.Side.LEFT, Column.WHOLE)));
    for (ToolCount tool : comparison.tools()) {
      table.row(
          List.of(
              tool.convention(),
              Figures.exact(tool.value()),
              tool.unit(),
              deviation(comparison, tool),
              why(tool, WHY_WIDTH)));
    }
    table.render(out, style);
    out.append('\n');
    int width = Math.min(WIDEST_NOTE, style.width());
    notes(comparison).forEach((note, tools) -> wrap(String.join(", ", tools) + note, width, out));
    return out.toString();
  }

  /** The conventions that share a note, by its text. */
  private static Map<String, List<String>> notes(ToolComparison comparison) {
    Map<String, List<String>> notes = new LinkedHashMap<>();
    for (ToolCount tool : comparison.tools()) {
      String note = " (" + tool.version() + "): " + tool.note();
      notes.computeIfAbsent(note, text -> new ArrayList<>()).add(tool.convention());
    }
    return notes;
  }

  /** Lines of at most {@code width} characters, all but the first indented. */
  private static void wrap(String text, int width, StringBuilder out) {
    int column = 0;
    for (String word : text.split(" ", -1)) {
      if (column > 0 && column + 1 + word.length() > width) {
        out.append("\n ");
        column = 1;
      }
      out.append(column == 0 ? "" : " ").append(word);
      column += (column == 0 ? 0 : 1) + word.length();
    }
    out.append('\n');
  }

  /** For a pull request or a model card. */
  public static String markdown(ToolComparison comparison) {
    StringBuilder out = new StringBuilder();
    out.append("**").append(MarkdownText.escaped(title(comparison))).append("**\n\n");
    out.append("| Convention | Number | Unit | Off | = MACs | Note |\n");
    out.append("| --- | --: | --- | --: | --- | --- |\n");
    for (ToolCount tool : comparison.tools()) {
      out.append("| ")
          .append(tool.convention())
          .append(" | ")
          .append(Figures.exact(tool.value()))
          .append(" | ")
          .append(tool.unit())
          .append(" | ")
          .append(deviation(comparison, tool))
          .append(" | ")
          .append(MarkdownText.escaped(why(tool, Integer.MAX_VALUE)))
          .append(" | ")
          .append(MarkdownText.escaped(tool.version() + ": " + tool.note()))
          .append(" |\n");
    }
    return out.toString();
  }

  /** A line per tool; the differences joined by semicolons. */
  public static String csv(ToolComparison comparison) {
    StringBuilder out = new StringBuilder("convention,version,unit,value,per_mac,differences\r\n");
    for (ToolCount tool : comparison.tools()) {
      List<String> parts = new ArrayList<>();
      for (Difference difference : tool.differences()) {
        parts.add(difference.op() + " " + difference.amount());
      }
      out.append(
          Csv.line(
              List.of(
                  tool.convention(),
                  tool.version(),
                  tool.unit(),
                  Long.toString(tool.value()),
                  Integer.toString(tool.perMac()),
                  String.join("; ", parts))));
    }
    return out.toString();
  }

  private static String title(ToolComparison comparison) {
    return comparison.model().name()
        + ": "
        + Figures.exact(comparison.macs())
        + " MACs, as each tool counts them";
  }

  /** How far the number is from what the MACs alone would give. */
  private static String deviation(ToolComparison comparison, ToolCount tool) {
    double plain = (double) tool.perMac() * comparison.macs();
    if (plain == 0) {
      return "";
    }
    double off = 100.0 * (tool.value() - plain) / plain;
    return String.format(Locale.ROOT, "%+.1f %%", off);
  }

  /** The largest differences, as many as {@code width} characters take. */
  private static String why(ToolCount tool, int width) {
    if (tool.perMac() == 0) {
      return "no amount of work";
    }
    StringBuilder text = new StringBuilder(tool.perMac() == 1 ? "" : "x " + tool.perMac());
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
