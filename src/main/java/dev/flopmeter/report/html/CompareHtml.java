package dev.flopmeter.report.html;

import dev.flopmeter.measure.Comparison;
import dev.flopmeter.measure.Comparison.Amount;
import dev.flopmeter.measure.Comparison.Row;
import dev.flopmeter.measure.ComparisonSet;
import dev.flopmeter.report.finding.Column;
import dev.flopmeter.report.finding.ComparisonVerdict;
import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.report.finding.Verdict.Utilization;
import dev.flopmeter.report.page.Markup;
import dev.flopmeter.report.page.Page;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.units.Figures;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Two profiles side by side as one HTML file: the verdict, both rooflines, what moved. */
public final class CompareHtml {
  private final ComparisonSet set;
  private final List<ProfileResult> results;
  private final OperatorColours colours;

  private CompareHtml(ComparisonSet set) {
    this.set = set;
    this.results =
        set.comparisons().stream().flatMap(one -> Stream.of(one.base(), one.next())).toList();
    this.colours = new OperatorColours(results);
  }

  /** The page as a file. */
  public static String render(ComparisonSet set) {
    return new Page("Comparison – flopmeter", "comparison", "report.js", null)
        .render(new CompareHtml(set)::body, footer -> footer.text("Made by flopmeter."));
  }

  private void body(Markup out) {
    Page.notice(out, ".emulated", "Emulated device", HtmlReport.emulated(results));
    out.element("h1", ComparisonVerdict.heading(set));
    Page.notice(out, "", "Not compared", set.unmatched());
    Page.notice(out, "", "Several results of one case", set.notes());
    if (set.comparisons().size() > 1) {
      HtmlReport.choice(
          out, "Comparisons", set.comparisons().stream().map(CompareHtml::label).toList(), 0);
    }
    for (int i = 0; i < set.comparisons().size(); i++) {
      article(out, set.comparisons().get(i), "r" + i);
    }
  }

  private static String label(Comparison one) {
    return Verdict.setting(one.next()) + ": " + ComparisonVerdict.word(one.total().change());
  }

  private void article(Markup out, Comparison comparison, String id) {
    out.open("article.result id=%s aria-labelledby=%s", id, id + "-verdict");
    out.open("p.verdict id=%s", id + "-verdict");
    out.name(verdict(comparison)).close("p");
    Page.notice(out, "", "Not comparable", comparison.differences());
    HtmlReport.section(
        out,
        id,
        "both",
        "Side by side",
        () -> HtmlReport.stack(out, "Both results", FIGURES, figures(comparison)));
    HtmlReport.section(
        out, id, "rooflines", "Both rooflines, on the same axes", () -> rooflines(out, comparison));
    HtmlReport.section(
        out, id, "layers", "Layers, those that moved first", () -> layers(out, comparison));
    out.close("article").line();
  }

  private static String verdict(Comparison comparison) {
    long moved =
        comparison.layers().stream().filter(row -> ComparisonVerdict.isMoved(row.change())).count();
    String layers = Verdict.count((int) moved, "layer");
    return ComparisonVerdict.of(comparison) + "; " + layers + " changed";
  }

  /** A figure of both results; the texts are empty where it is unknown. */
  private record Figure(String name, String base, String next, String change) {}

  private static final List<Column<Figure>> FIGURES =
      List.of(
          Column.text("Figure", Figure::name),
          Column.figure("Base", Figure::base),
          Column.figure("New", Figure::next),
          Column.figure("Change", Figure::change));

  private static List<Figure> figures(Comparison both) {
    List<Figure> figures = new ArrayList<>();
    figures.add(figure(both, "Median of a pass", r -> r.latency().median(), Figures::seconds));
    figures.add(figure(both, "Least", r -> r.latency().min(), Figures::seconds));
    figures.add(figure(both, "Third quartile", r -> r.latency().q3(), Figures::seconds));
    figures.add(
        figure(
            both,
            "Inferences per second",
            r -> r.throughput().inferencesPerSecond(),
            Figures::number));
    figures.add(
        figure(both, "Achieved", r -> r.throughput().achievedFlopsPerSecond(), Figures::flopRate));
    figures.add(figure(both, "MFU", Utilization::mfuShare, Figures::percent));
    figures.add(figure(both, "Attainable MFU", Utilization::attainableShare, Figures::percent));
    figures.removeIf(figure -> figure.base.isEmpty() && figure.next.isEmpty());
    for (Amount amount : both.changedAmounts()) {
      figures.add(
          new Figure(
              amount.name(),
              Figures.exact(amount.base()),
              Figures.exact(amount.next()),
              text(amount.relative(), Figures::change)));
    }
    figures.add(
        text(both, "Started", r -> r.run().startedAt().truncatedTo(ChronoUnit.SECONDS).toString()));
    figures.add(text(both, "Device", r -> r.device().name()));
    figures.add(text(both, "flopmeter", r -> r.environment().flopmeter()));
    TreeSet<String> libraries = new TreeSet<>(both.base().environment().libraries().keySet());
    libraries.addAll(both.next().environment().libraries().keySet());
    for (String library : libraries) {
      figures.add(text(both, library, r -> r.environment().libraries().getOrDefault(library, "–")));
    }
    return figures;
  }

  private static Figure figure(
      Comparison both,
      String name,
      Function<ProfileResult, @Nullable Double> value,
      Function<Double, String> format) {
    Double base = value.apply(both.base());
    Double next = value.apply(both.next());
    Double change = base == null || next == null || base == 0 ? null : next / base - 1;
    return new Figure(name, text(base, format), text(next, format), text(change, Figures::change));
  }

  private static String text(@Nullable Double value, Function<Double, String> format) {
    return value == null ? "" : format.apply(value);
  }

  private static Figure text(Comparison both, String name, Function<ProfileResult, String> value) {
    String base = value.apply(both.base());
    String next = value.apply(both.next());
    return new Figure(name, base, next, base.equals(next) ? "" : "differs");
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
    Map<String, String> ops = new HashMap<>();
    comparison.next().layers().forEach(layer -> ops.put(layer.name(), layer.op()));
    comparison.base().layers().forEach(layer -> ops.put(layer.name(), layer.op()));
    List<LayerColumn<Row>> columns =
        List.of(
            LayerColumn.name(Row::name),
            LayerColumn.operator(colours, row -> ops.getOrDefault(row.name(), "")),
            LayerColumn.figure("Base", Row::baseSeconds, Figures::seconds),
            LayerColumn.figure("New", Row::nextSeconds, Figures::seconds),
            LayerColumn.figure("Difference", CompareHtml::difference, CompareHtml::signed),
            LayerColumn.figure("Relative", Row::relative, Figures::change),
            LayerColumn.text("Change", CompareHtml::change));
    List<Row> rows = comparison.layers();
    List<Integer> order =
        IntStream.range(0, rows.size())
            .boxed()
            .sorted(
                Comparator.comparing(
                        (Integer i) -> !ComparisonVerdict.isMoved(rows.get(i).change()))
                    .thenComparing(i -> -Math.abs(difference(rows.get(i)))))
            .toList();
    LayerColumn.draw(out, "compared", "Layers of both", columns, rows, order);
  }

  private static double difference(Row row) {
    double before = row.baseSeconds() == null ? 0 : row.baseSeconds();
    double after = row.nextSeconds() == null ? 0 : row.nextSeconds();
    return after - before;
  }

  private static String signed(double seconds) {
    return (seconds < 0 ? "−" : "+") + Figures.seconds(Math.abs(seconds));
  }

  private static void change(Markup out, Row row) {
    String style =
        switch (row.change()) {
          case SLOWER, ADDED -> "up";
          case FASTER, REMOVED -> "down";
          case SAME, AMBIGUOUS -> "soft";
        };
    out.element("td." + style, ComparisonVerdict.word(row.change()));
  }
}
