package dev.flopmeter.report.html;

import dev.flopmeter.measure.Comparison;
import dev.flopmeter.measure.Comparison.Amount;
import dev.flopmeter.measure.Comparison.Row;
import dev.flopmeter.report.finding.ComparisonVerdict;
import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.report.finding.Verdict.Utilization;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.units.Figures;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Two results of one case, and the changes between them. */
record Both(Comparison comparison) {
  String verdict() {
    long moved =
        comparison.layers().stream().filter(row -> ComparisonVerdict.isMoved(row.change())).count();
    String layers = Verdict.count((int) moved, "layer");
    return ComparisonVerdict.of(comparison) + "; " + layers + " changed";
  }

  /** A row per figure: its name, its values in both results, the change; empty if unknown. */
  Stack figures() {
    List<List<String>> figures = new ArrayList<>();
    figures.add(figure("Median of a pass", r -> r.latency().median(), Figures::seconds));
    figures.add(figure("Least", r -> r.latency().min(), Figures::seconds));
    figures.add(figure("Third quartile", r -> r.latency().q3(), Figures::seconds));
    figures.add(
        figure(
            "Inferences per second", r -> r.throughput().inferencesPerSecond(), Figures::number));
    figures.add(
        figure("Achieved", r -> r.throughput().achievedFlopsPerSecond(), Figures::flopRate));
    figures.add(figure("MFU", Utilization::mfuShare, Figures::percent));
    figures.add(figure("Attainable MFU", Utilization::attainableShare, Figures::percent));
    figures.removeIf(figure -> figure.get(1).isEmpty() && figure.get(2).isEmpty());
    for (Amount amount : comparison.changedAmounts()) {
      figures.add(
          List.of(
              amount.name(),
              Figures.exact(amount.base()),
              Figures.exact(amount.next()),
              text(amount.relative(), Figures::change)));
    }
    figures.add(
        text("Started", r -> r.run().startedAt().truncatedTo(ChronoUnit.SECONDS).toString()));
    figures.add(text("Device", r -> r.device().name()));
    figures.add(text("flopmeter", r -> r.environment().flopmeter()));
    TreeSet<String> libraries = new TreeSet<>(comparison.base().environment().libraries().keySet());
    libraries.addAll(comparison.next().environment().libraries().keySet());
    for (String library : libraries) {
      figures.add(text(library, r -> r.environment().libraries().getOrDefault(library, "–")));
    }
    return new Stack("Both results", List.of("Figure", "Base", "New", "Change"), figures);
  }

  private List<String> figure(
      String name,
      Function<ProfileResult, @Nullable Double> value,
      Function<Double, String> format) {
    Double base = value.apply(comparison.base());
    Double next = value.apply(comparison.next());
    Double change = base == null || next == null || base == 0 ? null : next / base - 1;
    return List.of(name, text(base, format), text(next, format), text(change, Figures::change));
  }

  private static String text(@Nullable Double value, Function<Double, String> format) {
    return value == null ? "" : format.apply(value);
  }

  private List<String> text(String name, Function<ProfileResult, String> value) {
    String base = value.apply(comparison.base());
    String next = value.apply(comparison.next());
    return List.of(name, base, next, base.equals(next) ? "" : "differs");
  }

  /** The roofline of one of the results, on axes for both. */
  RooflineChart roofline(ProfileResult result, OperatorColours colours) {
    List<Row> layers = comparison.layers();
    Map<String, Integer> rows = new HashMap<>();
    for (int i = 0; i < layers.size(); i++) {
      rows.putIfAbsent(layers.get(i).name(), i);
    }
    return new RooflineChart(
        result,
        List.of(comparison.base(), comparison.next()),
        colours,
        RooflineChart.HALF,
        i -> rows.getOrDefault(result.layers().get(i).name(), i));
  }

  /** The operator of each layer of either result, by its name. */
  Map<String, String> operators() {
    Map<String, String> operators = new HashMap<>();
    comparison.next().layers().forEach(layer -> operators.put(layer.name(), layer.op()));
    comparison.base().layers().forEach(layer -> operators.put(layer.name(), layer.op()));
    return operators;
  }

  /** The indices of the rows, those that changed first. */
  List<Integer> order() {
    List<Row> rows = comparison.layers();
    return IntStream.range(0, rows.size())
        .boxed()
        .sorted(
            Comparator.comparing((Integer i) -> !ComparisonVerdict.isMoved(rows.get(i).change()))
                .thenComparing(i -> -Math.abs(difference(rows.get(i)))))
        .toList();
  }

  static double difference(Row row) {
    double before = row.baseSeconds() == null ? 0 : row.baseSeconds();
    double after = row.nextSeconds() == null ? 0 : row.nextSeconds();
    return after - before;
  }

  static String signed(double seconds) {
    return (seconds < 0 ? "−" : "+") + Figures.seconds(Math.abs(seconds));
  }

  /** The style sheet's class for a change. */
  static String style(Row row) {
    return switch (row.change()) {
      case SLOWER, ADDED -> "up";
      case FASTER, REMOVED -> "down";
      case SAME, AMBIGUOUS -> "soft";
    };
  }
}
