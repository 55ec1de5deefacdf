package dev.flopmeter.report.text;

import dev.flopmeter.measure.Change;
import dev.flopmeter.measure.Comparison;
import dev.flopmeter.measure.Comparison.Amount;
import dev.flopmeter.measure.Comparison.Row;
import dev.flopmeter.measure.ComparisonSet;
import dev.flopmeter.report.finding.ComparisonVerdict;
import dev.flopmeter.units.Figures;

/** A comparison as Markdown for a pull request. */
public final class ComparisonMarkdown {
  private ComparisonMarkdown() {}

  public static String render(ComparisonSet set) {
    StringBuilder out = new StringBuilder();
    if (set.comparisons().size() > 1) {
      out.append("**")
          .append(MarkdownText.escaped(ComparisonVerdict.heading(set)))
          .append("**\n\n");
    }
    for (Comparison comparison : set.comparisons()) {
      out.append("**")
          .append(MarkdownText.escaped(ComparisonVerdict.of(comparison)))
          .append("**\n\n");
      comparison
          .differences()
          .forEach(
              reason ->
                  out.append("> Warning: ").append(MarkdownText.escaped(reason)).append("\n\n"));
      out.append("| | Base | New | Change | Verdict |\n| --- | --: | --: | --: | --- |\n");
      row(out, comparison.total());
      for (Amount amount : comparison.amounts()) {
        amount(out, amount);
      }
      layers(out, comparison);
      out.append('\n');
    }
    set.unmatched()
        .forEach(reason -> out.append("> ").append(MarkdownText.escaped(reason)).append("\n\n"));
    set.notes().forEach(note -> out.append("> ").append(MarkdownText.escaped(note)).append("\n\n"));
    return out.toString();
  }

  private static void layers(StringBuilder out, Comparison comparison) {
    long changed =
        comparison.layers().stream().filter(layer -> layer.change() != Change.SAME).count();
    out.append('\n');
    if (changed == 0) {
      out.append("All ")
          .append(comparison.layers().size())
          .append(" layers: no change beyond noise.\n");
      return;
    }
    out.append("<details><summary>")
        .append(changed)
        .append(" of ")
        .append(comparison.layers().size())
        .append(" layers differ</summary>\n\n")
        .append("| Layer | Base | New | Change | Verdict |\n| --- | --: | --: | --: | --- |\n");
    for (Row layer : comparison.layers()) {
      if (layer.change() != Change.SAME) {
        row(out, layer);
      }
    }
    out.append("\n</details>\n");
  }

  private static void row(StringBuilder out, Row row) {
    Double relative = row.relative();
    MarkdownText.row(
        out,
        MarkdownText.escaped(row.name()),
        ComparisonTable.seconds(row.baseSeconds()),
        ComparisonTable.seconds(row.nextSeconds()),
        relative == null ? "" : Figures.change(relative),
        ComparisonVerdict.word(row.change()));
  }

  private static void amount(StringBuilder out, Amount amount) {
    Long base = amount.base();
    Long next = amount.next();
    if (amount.isChanged() && base != null && next != null) {
      MarkdownText.row(
          out,
          MarkdownText.escaped(amount.name()),
          Figures.si(base),
          Figures.si(next),
          base == 0 ? "" : Figures.change((double) next / base - 1),
          "changed");
    }
  }
}
