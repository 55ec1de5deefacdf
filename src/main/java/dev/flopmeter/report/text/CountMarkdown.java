package dev.flopmeter.report.text;

import dev.flopmeter.count.Cost;
import dev.flopmeter.count.Counts;
import dev.flopmeter.count.LayerCost;
import dev.flopmeter.count.Uncounted;
import dev.flopmeter.report.finding.CountTree;
import dev.flopmeter.units.Figures;

/** A count as Markdown for a pull request or a model card: totals, then a row per layer. */
public final class CountMarkdown {
  private CountMarkdown() {}

  /**
   * The text.
   *
   * @param depth 0 for a row per layer, else groups down to that many parts of their names
   */
  public static String render(Counts counts, int depth) {
    StringBuilder out = new StringBuilder(1 << 14);
    Cost totals = counts.totals();
    boolean isMacs = counts.convention().equals("macs");
    out.append("**").append(MarkdownText.escaped(counts.model().name())).append("**: ");
    out.append(Figures.exact(totals.macs())).append(" MACs, ");
    if (!isMacs) {
      out.append(Figures.exact(totals.flops())).append(' ').append(counts.convention());
      out.append(", ");
    }
    out.append(Figures.exact(totals.params())).append(" parameters, ");
    out.append(Figures.exact(counts.activations())).append(" activations\n\n");
    for (Uncounted missing : counts.uncounted()) {
      out.append("> ").append(MarkdownText.escaped(CountTable.uncounted(missing)));
      out.append("\n\n");
    }
    for (String note : counts.notes()) {
      out.append("> ").append(MarkdownText.escaped(note)).append("\n\n");
    }
    String convention = isMacs ? "macs" : counts.convention();
    if (depth > 0) {
      groups(out, counts, depth, convention);
    } else {
      layers(out, counts, convention);
    }
    return out.toString();
  }

  private static void layers(StringBuilder out, Counts counts, String convention) {
    MarkdownText.row(out, "Layer", "Op", "Output", "MACs", convention, "Parameters", "Activations");
    MarkdownText.row(out, "---", "---", "---", "--:", "--:", "--:", "--:");
    for (LayerCost layer : counts.layers()) {
      MarkdownText.row(
          out,
          MarkdownText.code(layer.name()),
          MarkdownText.escaped(layer.op()),
          CountTable.shapes(layer.outputShapes()),
          Figures.exact(layer.cost().macs()),
          Figures.exact(layer.cost().flops()),
          Figures.exact(layer.cost().params()),
          Figures.exact(layer.activations()));
    }
  }

  private static void groups(StringBuilder out, Counts counts, int depth, String convention) {
    MarkdownText.row(out, "Group", "Layers", "MACs", convention, "Parameters", "Activations");
    MarkdownText.row(out, "---", "--:", "--:", "--:", "--:", "--:");
    for (CountTree.Row row : CountTree.of(counts, depth)) {
      MarkdownText.row(
          out,
          MarkdownText.code(row.path()),
          Integer.toString(row.layers()),
          Figures.exact(row.cost().macs()),
          Figures.exact(row.cost().flops()),
          Figures.exact(row.cost().params()),
          Figures.exact(row.activations()));
    }
  }
}
