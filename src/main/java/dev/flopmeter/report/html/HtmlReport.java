package dev.flopmeter.report.html;

import dev.flopmeter.report.finding.Advice;
import dev.flopmeter.report.finding.Breakdown;
import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.report.finding.Verdict.Utilization;
import dev.flopmeter.report.page.Markup;
import dev.flopmeter.report.page.Page;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.text.Cut;
import dev.flopmeter.units.Figures;
import java.io.IOException;
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

  /** Writes a file. */
  public static void render(List<ProfileResult> results, Appendable out) throws IOException {
    out.append(page(results, null));
  }

  /**
   * The page for an HTTP response.
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
    ProfileResult first = results.get(best);
    out.open("h1").name(Cut.name(first.model().name())).close("h1");
    if (results.size() > 1) {
      sweep(out);
      choice(out, best);
    }
    for (int i = 0; i < results.size(); i++) {
      article(out, results.get(i), i, i == best);
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

  private void sweep(Markup out) {
    out.open("section.panel aria-labelledby=sweep");
    out.element("h2 id=sweep", "Batches and precisions");
    new SweepCharts(results).draw(out);
    out.close("section").line();
  }

  /** Links to the results; the script shows one at a time. */
  private void choice(Markup out, int best) {
    out.open("nav.choice aria-label=Results");
    for (int i = 0; i < results.size(); i++) {
      ProfileResult result = results.get(i);
      out.element(
          "a href=%s aria-current=%s",
          result.run().precision() + ", batch " + result.run().batch(),
          "#r" + i,
          i == best ? "true" : null);
    }
    out.close("nav").line();
  }

  private void article(Markup out, ProfileResult result, int index, boolean isBest) {
    String id = "r" + index;
    out.open(
        "article.result id=%s data-best=%s aria-labelledby=%s",
        id, isBest ? "" : null, id + "-verdict");
    verdict(out, result, id);
    warnings(out, result);
    tiles(out, result);

    section(out, id, "roofline", "Roofline");
    out.element(
        "p.note",
        "Each dot is a layer, its area the time it takes. The nearer to a roof, the better it uses"
            + " the device; left of the ridge memory sets the pace, right of it arithmetic.");
    new RooflineChart(result, colours).draw(out);
    legend(out, result);
    out.close("section").line();

    advice(out, result, id);

    section(out, id, "time", "Time by layer");
    new TimeCharts(result, colours).draw(out);
    out.close("section").line();

    section(out, id, "latency", "Latency");
    new LatencyChart(result).draw(out);
    out.close("section").line();

    new DeviceSections(result).draw(out, id);

    section(out, id, "layers", "All layers");
    new LayerTable(result, colours).draw(out);
    out.close("section").line();

    section(out, id, "method", "How this was measured");
    new MethodSection(result).draw(out);
    out.close("section").close("article").line();
  }

  static void section(Markup out, String id, String name, String title) {
    String heading = id + "-" + name;
    out.open("section.panel aria-labelledby=%s", heading);
    out.element("h2 id=%s", title, heading);
  }

  private static void verdict(Markup out, ProfileResult result, String id) {
    out.open("p.verdict id=%s", id + "-verdict");
    out.name(Verdict.of(result)).close("p");
  }

  private static void warnings(Markup out, ProfileResult result) {
    Page.notice(
        out,
        result.valid() ? "" : ".invalid",
        result.valid() ? "Warnings" : "These figures are not valid",
        result.warnings());
  }

  private static void tiles(Markup out, ProfileResult result) {
    out.open("dl.tiles");
    Utilization mfu = Utilization.mfu(result);
    Utilization mbu = Utilization.mbu(result);
    if (mfu != null) {
      tile(out, "MFU", Figures.percent(mfu.share()), "of the " + mfu.roofName());
    }
    tile(
        out,
        "Achieved",
        Figures.flopRate(result.throughput().achievedFlopsPerSecond()),
        "2 FLOP per MAC");
    tile(
        out,
        "Latency",
        Figures.seconds(result.latency().median()),
        "median of a batch of " + result.run().batch());
    tile(
        out,
        "Throughput",
        Figures.number(result.throughput().inferencesPerSecond()),
        "inferences a second");
    if (mbu != null) {
      tile(out, "MBU", Figures.percent(mbu.share()), "of the " + mbu.roofName());
    }
    tile(
        out,
        "Work",
        Figures.si(result.cost().macs(), "MAC"),
        Figures.si(result.cost().params()) + " parameters");
    out.close("dl").line();
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
      TimeCharts.tagged(out, colours.of(part.label()), Breakdown.operator(part.label()));
    }
    if (hasOthers) {
      TimeCharts.tagged(out, "k7", "other operators");
    }
    out.close("p");
  }

  private void advice(Markup out, ProfileResult result, String id) {
    List<Advice> all = new ArrayList<>(Advice.of(result));
    if (results.size() > 1) {
      Advice.ofBatch(result, results).ifPresent(all::add);
    }
    section(out, id, "advice", "Recommendations");
    if (all.isEmpty()) {
      out.element(
          "p.note",
          result.valid() && !result.device().isEmulated()
              ? "No recommendations."
              : "No recommendations from figures that are not valid.");
    } else {
      out.open("ol.advice");
      for (Advice advice : all) {
        out.open("li").element("h3", advice.title());
        out.element("p", advice.evidence());
        out.open("p.gain").element("strong", "Expected: ").text(advice.gain());
        out.close("p").close("li");
      }
      out.close("ol");
    }
    out.close("section").line();
  }
}
