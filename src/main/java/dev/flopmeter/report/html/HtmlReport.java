package dev.flopmeter.report.html;

import dev.flopmeter.report.finding.Advice;
import dev.flopmeter.report.finding.Breakdown;
import dev.flopmeter.report.finding.Column;
import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.report.finding.Verdict.Utilization;
import dev.flopmeter.report.page.Markup;
import dev.flopmeter.report.page.Page;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.text.Cut;
import dev.flopmeter.units.Figures;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A profile as one HTML file to attach to a ticket: no network, no library, light and dark, for
 * print, keyboard and screen reader. Each result is an article of its own; several results (a sweep
 * over batches and precisions) are compared first.
 */
public final class HtmlReport {
  private final List<ProfileResult> results;
  private final OperatorColours colours;
  private final boolean isServed;

  private HtmlReport(List<ProfileResult> results, boolean isServed) {
    if (results.isEmpty()) {
      throw new IllegalArgumentException("a report needs a result");
    }
    this.results = List.copyOf(results);
    this.isServed = isServed;
    this.colours = new OperatorColours(results);
  }

  /**
   * The page, as a file or for an HTTP response.
   *
   * @param nonce of the response's policy ({@link Page#policy}); null for a file
   */
  public static String page(List<ProfileResult> results, @Nullable String nonce) {
    HtmlReport report = new HtmlReport(results, nonce != null);
    String title = Cut.name(results.get(0).model().name()) + " – flopmeter";
    return new Page(title, "profile", "report.js", nonce).render(report::body, report::footer);
  }

  private void body(Markup out) {
    Page.notice(out, ".emulated", "Emulated device", emulated(results));
    int best = best();
    out.open("h1").name(Cut.name(results.get(best).model().name())).close("h1");
    if (results.size() > 1) {
      out.open("section.panel aria-labelledby=sweep");
      out.element("h2 id=sweep", "Batches and precisions");
      new SweepCharts(results).draw(out);
      out.close("section").line();
      choice(out, "Results", results.stream().map(Verdict::setting).toList(), best);
    }
    for (int i = 0; i < results.size(); i++) {
      article(out, results.get(i), "r" + i, i == best);
    }
  }

  private void footer(Markup out) {
    out.text("Made by flopmeter " + results.get(0).environment().flopmeter() + ".");
    if (isServed) {
      out.text(" ").element("a href=../", "Status of the daemon").text(".");
    }
  }

  /** The notice for results of emulated devices; empty for real ones. */
  static List<String> emulated(List<ProfileResult> results) {
    return results.stream()
        .filter(result -> result.device().isEmulated())
        .map(result -> Verdict.emulated(result.device().name()))
        .distinct()
        .toList();
  }

  /** The result with most inferences a second, among the valid ones if there are any. */
  private int best() {
    ProfileResult best =
        results.stream()
            .max(
                Comparator.comparing(ProfileResult::valid)
                    .thenComparingDouble(result -> result.throughput().inferencesPerSecond()))
            .orElseThrow();
    return results.indexOf(best);
  }

  /** Links to the articles; the script shows one at a time. */
  static void choice(Markup out, String what, List<String> labels, int best) {
    out.open("nav.choice aria-label=%s", what);
    for (int i = 0; i < labels.size(); i++) {
      String current = i == best ? "true" : null;
      out.element("a href=%s aria-current=%s", labels.get(i), "#r" + i, current);
    }
    out.close("nav").line();
  }

  /**
   * A table of which each row becomes a card on a narrow screen; the first column has no figures.
   */
  static <R> void stack(Markup out, String caption, List<Column<R>> columns, List<R> rows) {
    out.open("table.stack").element("caption.sr", caption);
    out.head(columns.stream().map(Column::heading).toList(), List.of(columns.get(0).heading()));
    out.open("tbody");
    for (R row : rows) {
      out.open("tr").element("th scope=row", columns.get(0).cell(row, ""));
      for (Column<R> column : columns.subList(1, columns.size())) {
        String text = column.cell(row, "");
        if (text.isEmpty()) {
          out.empty("td");
        } else {
          out.open("td.n data-l=%s", column.heading()).name(Cut.name(text)).close("td");
        }
      }
      out.close("tr");
    }
    out.close("tbody").close("table");
  }

  private void article(Markup out, ProfileResult result, String id, boolean isBest) {
    out.open(
        "article.result id=%s data-best=%s aria-labelledby=%s",
        id, isBest ? "" : null, id + "-verdict");
    out.open("p.verdict id=%s", id + "-verdict");
    out.name(Verdict.of(result)).close("p");
    Page.notice(
        out,
        result.valid() ? "" : ".invalid",
        result.valid() ? "Warnings" : "These figures are not valid",
        result.warnings());
    tiles(out, result);
    section(out, id, "roofline", "Roofline", () -> roofline(out, result));
    section(out, id, "advice", "Recommendations", () -> advice(out, result));
    section(out, id, "time", "Time by layer", () -> new TimeCharts(result, colours).draw(out));
    section(out, id, "latency", "Latency", () -> new LatencyChart(result).draw(out));
    DeviceSections.draw(out, result, id);
    section(out, id, "layers", "All layers", () -> LayerTable.draw(out, result, colours));
    section(out, id, "method", "How this was measured", () -> MethodSection.draw(out, result));
    out.close("article").line();
  }

  static void section(Markup out, String id, String name, String title, Runnable content) {
    String heading = id + "-" + name;
    out.open("section.panel aria-labelledby=%s", heading);
    out.element("h2 id=%s", title, heading);
    content.run();
    out.close("section").line();
  }

  private void roofline(Markup out, ProfileResult result) {
    out.element(
        "p.note",
        "Each dot is a layer, its area the time it takes. The nearer to a roof, the better it uses"
            + " the device; left of the ridge memory sets the pace, right of it arithmetic.");
    new RooflineChart(result, List.of(result), colours, RooflineChart.FULL, row -> row).draw(out);
    legend(out, result);
  }

  private static void tiles(Markup out, ProfileResult result) {
    out.open("dl.tiles");
    tile(out, "MFU", Utilization.mfu(result));
    String rate = Figures.flopRate(result.throughput().achievedFlopsPerSecond());
    tile(out, "Achieved", rate, "2 FLOP per MAC");
    String median = Figures.seconds(result.latency().median());
    tile(out, "Latency", median, "median of a batch of " + result.run().batch());
    String inferences = Figures.number(result.throughput().inferencesPerSecond());
    tile(out, "Throughput", inferences, "inferences a second");
    tile(out, "MBU", Utilization.mbu(result));
    String parameters = Figures.si(result.cost().params()) + " parameters";
    tile(out, "Work", Breakdown.macs(result), parameters);
    out.close("dl").line();
  }

  private static void tile(Markup out, String name, @Nullable Utilization share) {
    if (share != null) {
      tile(out, name, Figures.percent(share.share()), "of the " + share.roofName() + share.bound());
    }
  }

  private static void tile(Markup out, String name, String figure, String below) {
    out.open("div").element("dt", name);
    out.open("dd").element("b", figure).element("span", below).close("dd").close("div");
  }

  private void legend(Markup out, ProfileResult result) {
    out.open("p.legend");
    boolean hasOthers = false;
    for (Breakdown.Part part : Breakdown.byOperator(result)) {
      if (colours.isShared(part.label())) {
        hasOthers = true;
        continue;
      }
      colours.tagged(out, part.label());
    }
    if (hasOthers) {
      OperatorColours.tagged(out, "k7", "other operators");
    }
    out.close("p");
  }

  private void advice(Markup out, ProfileResult result) {
    List<Advice> all = new ArrayList<>(Advice.of(result));
    if (results.size() > 1) {
      Advice.ofBatch(result, results).ifPresent(all::add);
    }
    if (all.isEmpty()) {
      boolean isUsable = result.valid() && !result.device().isEmulated();
      String reason = isUsable ? "." : " from figures that are not valid.";
      out.element("p.note", "No recommendations" + reason);
      return;
    }
    out.open("ol.advice");
    for (Advice advice : all) {
      out.open("li").element("h3", advice.title()).open("p");
      if (advice.isGuess()) {
        out.element("span.guess", "A guess").text(" ");
      }
      out.text(advice.evidence()).close("p");
      out.open("p.gain").element("strong", "Expected: ").text(advice.gain()).close("p");
      out.open("p.test").text("Test it: ").element("code", advice.command());
      out.close("p").close("li");
    }
    out.close("ol");
  }
}
