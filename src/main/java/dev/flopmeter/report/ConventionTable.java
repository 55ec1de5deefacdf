package dev.flopmeter.report;

import dev.flopmeter.count.convention.Comparison;
import dev.flopmeter.count.convention.Comparison.Difference;
import dev.flopmeter.count.convention.Comparison.ToolCount;
import dev.flopmeter.report.TextTable.Column;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What every tool would say, side by side, and what makes the difference. */
public final class ConventionTable {
  private ConventionTable() {}

  /** For a terminal; where there is room, each tool's note follows the table. */
  public static String render(Comparison comparison, TerminalStyle style) {
    StringBuilder out = new StringBuilder();
    out.append(style.bold(style.fit(Figures.printable(title(comparison))))).append("\n\n");
    TextTable table =
        new TextTable(
            List.of(
                Column.text("convention"),
                Column.figure("number"),
                Column.text("unit"),
                Column.figure("off"),
                new Column("= MACs and", TextTable.Side.LEFT, Column.WHOLE)));
    for (ToolCount tool : comparison.tools()) {
      table.row(
          List.of(
              tool.convention(),
              Figures.exact(tool.value()),
              tool.unit(),
              deviation(comparison, tool),
              why(tool)));
    }
    table.render(out, style);
    out.append('\n');
    for (ToolCount tool : comparison.tools()) {
      out.append(style.fit(tool.convention() + " (" + tool.version() + "): " + tool.note()));
      out.append('\n');
    }
    return out.toString();
  }

  /** For a pull request or a model card. */
  public static String markdown(Comparison comparison) {
    StringBuilder out = new StringBuilder();
    out.append("**").append(ProfileMarkdown.escaped(title(comparison))).append("**\n\n");
    out.append("| Convention | Number | Unit | Off | = MACs and | Note |\n");
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
          .append(ProfileMarkdown.escaped(why(tool)))
          .append(" | ")
          .append(ProfileMarkdown.escaped(tool.version() + ": " + tool.note()))
          .append(" |\n");
    }
    return out.toString();
  }

  /** A line per tool; the differences joined by semicolons. */
  public static String csv(Comparison comparison) {
    StringBuilder out = new StringBuilder("convention,version,unit,value,per_mac,differences\r\n");
    for (ToolCount tool : comparison.tools()) {
      List<String> parts = new ArrayList<>();
      for (Difference difference : tool.differences()) {
        parts.add(difference.op() + " " + difference.amount());
      }
      out.append(tool.convention())
          .append(',')
          .append(ProfileCsv.quoted(tool.version()))
          .append(',')
          .append(tool.unit())
          .append(',')
          .append(tool.value())
          .append(',')
          .append(tool.perMac())
          .append(',')
          .append(ProfileCsv.quoted(String.join("; ", parts)))
          .append("\r\n");
    }
    return out.toString();
  }

  private static String title(Comparison comparison) {
    return comparison.model().name()
        + ": "
        + Figures.exact(comparison.macs())
        + " MACs, as each tool counts them";
  }

  /** How far the number is from what the MACs alone would give. */
  private static String deviation(Comparison comparison, ToolCount tool) {
    long plain = tool.perMac() * comparison.macs();
    if (plain == 0) {
      return "";
    }
    double off = 100.0 * (tool.value() - plain) / plain;
    return String.format(Locale.ROOT, "%+.1f %%", off);
  }

  private static String why(ToolCount tool) {
    if (tool.perMac() == 0) {
      return "no amount of work";
    }
    StringBuilder text = new StringBuilder(tool.perMac() == 1 ? "" : "2 each;");
    int shown = 0;
    for (Difference difference : tool.differences()) {
      if (shown++ == 3) {
        text.append(" ...");
        break;
      }
      text.append(text.length() == 0 ? "" : " ")
          .append(difference.amount() > 0 ? "+" : "-")
          .append(Figures.si(Math.abs(difference.amount())))
          .append(' ')
          .append(difference.op());
    }
    return tool.differences().isEmpty() ? "nothing else" : text.toString();
  }
}
