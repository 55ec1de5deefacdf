package dev.flopmeter.report.html;

import dev.flopmeter.measure.Comparison;
import dev.flopmeter.measure.Comparison.Amount;
import dev.flopmeter.measure.Comparison.Row;
import dev.flopmeter.measure.ComparisonSet;
import dev.flopmeter.report.finding.Breakdown;
import dev.flopmeter.report.finding.ComparisonVerdict;
import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.report.finding.Verdict.Utilization;
import dev.flopmeter.report.page.Markup;
import dev.flopmeter.report.page.Page;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.text.Cut;
import dev.flopmeter.units.Figures;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Two profiles side by side as one HTML file: the verdict, both rooflines, what moved. */
public final class CompareHtml {
  private final ComparisonSet set;
  private final OperatorColours colours;

  private CompareHtml(ComparisonSet set) {
    this.set = set;
    this.colours = new OperatorColours(results());
  }

  private List<ProfileResult> results() {
    return set.comparisons().stream()
        .flatMap(comparison -> Stream.of(comparison.base(), comparison.next()))
        .toList();
  }

  /** The page as a file. */
  public static String render(ComparisonSet set) {
    return new Page("Comparison – flopmeter", "comparison", "report.js", null)
        .render(new CompareHtml(set)::body, footer -> footer.text("Made by flopmeter."));
  }

  private void body(Markup out) {
    Page.notice(out, ".emulated", "Emulated device", HtmlReport.emulated(results()));
    out.element("h1", ComparisonVerdict.heading(set));
    Page.notice(out, "", "Not compared", set.unmatched());
    Page.notice(out, "", "Several results of one case", set.notes());
    if (set.comparisons().size() > 1) {
      choice(out);
    }
    for (int i = 0; i < set.comparisons().size(); i++) {
      article(out, set.comparisons().get(i), "r" + i);
    }
  }

  private void choice(Markup out) {
    out.open("nav.choice aria-label=Comparisons");
    for (int i = 0; i < set.comparisons().size(); i++) {
      Comparison one = set.comparisons().get(i);
      String label =
          one.next().run().precision()
              + ", batch "
              + one.next().run().batch()
              + ": "
              + ComparisonVerdict.word(one.total().change());
      out.element("a href=%s aria-current=%s", label, "#r" + i, i == 0 ? "true" : null);
    }
    out.close("nav").line();
  }

  private void article(Markup out, Comparison comparison, String id) {
    out.open("article.result id=%s aria-labelledby=%s", id, id + "-verdict");
    out.open("p.verdict id=%s", id + "-verdict");
    out.name(verdict(comparison)).close("p");
    Page.notice(out, "", "Not comparable", comparison.differences());
    both(out, comparison, id);
    HtmlReport.section(out, id, "rooflines", "Both rooflines, on the same axes");
    rooflines(out, comparison);
    out.close("section").line();
    HtmlReport.section(out, id, "layers", "Layers, those that moved first");
    layers(out, comparison);
    out.close("section").close("article").line();
  }

  private static String verdict(Comparison comparison) {
    long moved =
        comparison.layers().stream().filter(row -> ComparisonVerdict.isMoved(row.change())).count();
    return ComparisonVerdict.of(comparison)
        + "; "
        + Verdict.count((int) moved, "layer")
        + " changed";
  }

  private static void both(Markup out, Comparison comparison, String id) {
    HtmlReport.section(out, id, "both", "Side by side");
    out.open("table.stack").element("caption.sr", "Both results");
    out.open("thead").open("tr");
    out.element("th scope=col", "Figure");
    for (String title : List.of("Base", "New", "Change")) {
      out.element("th.n scope=col", title);
    }
    out.close("tr").close("thead").open("tbody");
    figure(out, comparison, "Median of a pass", r -> r.latency().median(), Figures::seconds);
    figure(out, comparison, "Least", r -> r.latency().min(), Figures::seconds);
    figure(out, comparison, "Third quartile", r -> r.latency().q3(), Figures::seconds);
    figure(
        out,
        comparison,
        "Inferences per second",
        r -> r.throughput().inferencesPerSecond(),
        Figures::number);
    figure(
        out,
        comparison,
        "Achieved",
        r -> r.throughput().achievedFlopsPerSecond(),
        Figures::flopRate);
    figure(out, comparison, "MFU", CompareHtml::mfu, Figures::percent);
    for (Amount amount : comparison.changedAmounts()) {
      Double relative = amount.relative();
      row(
          out,
          amount.name(),
          Figures.exact(amount.base()),
          Figures.exact(amount.next()),
          relative == null ? "" : Figures.change(relative));
    }
    text(
        out,
        "Started",
        r -> r.run().startedAt().truncatedTo(ChronoUnit.SECONDS).toString(),
        comparison);
    text(out, "Device", r -> r.device().name(), comparison);
    text(out, "flopmeter", r -> r.environment().flopmeter(), comparison);
    for (String library : libraries(comparison)) {
      text(out, library, r -> r.environment().libraries().getOrDefault(library, "–"), comparison);
    }
    out.close("tbody").close("table").close("section").line();
  }

  private static List<String> libraries(Comparison comparison) {
    java.util.TreeSet<String> names = new java.util.TreeSet<>();
    names.addAll(comparison.base().environment().libraries().keySet());
    names.addAll(comparison.next().environment().libraries().keySet());
    return List.copyOf(names);
  }

  private static @Nullable Double mfu(ProfileResult result) {
    Utilization mfu = Utilization.mfu(result);
    return mfu == null ? null : mfu.share();
  }

  private static void figure(
      Markup out,
      Comparison comparison,
      String name,
      Function<ProfileResult, @Nullable Double> value,
      Function<Double, String> format) {
    Double before = value.apply(comparison.base());
    Double after = value.apply(comparison.next());
    if (before == null && after == null) {
      return;
    }
    boolean isKnown = before != null && after != null && before != 0;
    row(
        out,
        name,
        before == null ? "" : format.apply(before),
        after == null ? "" : format.apply(after),
        isKnown && before != null && after != null ? Figures.change(after / before - 1) : "");
  }

  private static void text(
      Markup out, String name, Function<ProfileResult, String> value, Comparison comparison) {
    String before = value.apply(comparison.base());
    String after = value.apply(comparison.next());
    row(out, name, before, after, before.equals(after) ? "" : "differs");
  }

  private static void row(Markup out, String name, String before, String after, String change) {
    out.open("tr").element("th scope=row", name);
    cell(out, "Base", before);
    cell(out, "New", after);
    cell(out, "Change", change);
    out.close("tr");
  }

  private static void cell(Markup out, String label, String text) {
    if (text.isEmpty()) {
      out.empty("td");
    } else {
      out.open("td.n data-l=%s", label).name(Cut.name(text)).close("td");
    }
  }

  private void rooflines(Markup out, Comparison comparison) {
    Map<String, Integer> rows = new HashMap<>();
    for (int i = 0; i < comparison.layers().size(); i++) {
      rows.putIfAbsent(comparison.layers().get(i).name(), i);
    }
    List<ProfileResult> both = List.of(comparison.base(), comparison.next());
    out.open("div.columns");
    for (int side = 0; side < both.size(); side++) {
      ProfileResult result = both.get(side);
      List<Layer> layers = result.layers();
      IntUnaryOperator rowOf = i -> rows.getOrDefault(layers.get(i).name(), i);
      out.open("div").element("h3", side == 0 ? "Base" : "New");
      new RooflineChart(result, both, colours, RooflineChart.HALF, rowOf).draw(out);
      out.close("div");
    }
    out.close("div");
  }

  private void layers(Markup out, Comparison comparison) {
    LayerTable.tools(out, "layer, operator or change");
    LayerTable.begin(
        out,
        "compared",
        "Layers of both",
        List.of("#", "Layer", "Operator", "Base", "New", "Difference", "Relative", "Change"),
        List.of("Layer", "Operator", "Change"));
    Map<String, String> ops = new HashMap<>();
    comparison.next().layers().forEach(layer -> ops.put(layer.name(), layer.op()));
    comparison.base().layers().forEach(layer -> ops.put(layer.name(), layer.op()));
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < comparison.layers().size(); i++) {
      order.add(i);
    }
    List<Row> rows = comparison.layers();
    order.sort(
        java.util.Comparator.comparing(
                (Integer i) -> !ComparisonVerdict.isMoved(rows.get(i).change()))
            .thenComparing(i -> -Math.abs(difference(rows.get(i)))));
    for (int i : order) {
      layer(out, i, rows.get(i), ops.getOrDefault(rows.get(i).name(), ""));
    }
    LayerTable.end(out);
  }

  private static double difference(Row row) {
    double before = row.baseSeconds() == null ? 0 : row.baseSeconds();
    double after = row.nextSeconds() == null ? 0 : row.nextSeconds();
    return after - before;
  }

  private void layer(Markup out, int index, Row row, String op) {
    out.line().open("tr data-i=%s", index);
    LayerTable.figure(out, (double) index, Integer.toString(index + 1));
    out.open("th scope=row").element("bdi.clip", row.name()).close("th");
    out.open("td");
    TimeCharts.tagged(out, colours.of(op), Breakdown.operator(op));
    out.close("td");
    Double before = row.baseSeconds();
    Double after = row.nextSeconds();
    LayerTable.figure(out, before, before == null ? "" : Figures.seconds(before));
    LayerTable.figure(out, after, after == null ? "" : Figures.seconds(after));
    double difference = difference(row);
    String sign = difference < 0 ? "−" : "+";
    LayerTable.figure(out, difference, sign + Figures.seconds(Math.abs(difference)));
    Double relative = row.relative();
    LayerTable.figure(out, relative, relative == null ? "" : Figures.change(relative));
    String style =
        switch (row.change()) {
          case SLOWER, ADDED -> "up";
          case FASTER, REMOVED -> "down";
          case SAME, AMBIGUOUS -> "soft";
        };
    out.element("td." + style, ComparisonVerdict.word(row.change())).close("tr");
  }
}
