package dev.flopmeter.report.html;

import dev.flopmeter.report.finding.Column;
import dev.flopmeter.report.finding.Knee;
import dev.flopmeter.report.finding.RunColumns;
import dev.flopmeter.report.finding.Verdict.Utilization;
import dev.flopmeter.report.page.Plot;
import dev.flopmeter.report.page.Plot.Margins;
import dev.flopmeter.report.page.Plot.Range;
import dev.flopmeter.report.page.Plot.Tick;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.units.Figures;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.DoubleFunction;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Several batches and precisions side by side: small plots over the batch, one table. */
final class SweepCharts {
  /** Results by precision, each in order of batch. */
  private final Map<String, List<ProfileResult>> series;

  private final List<ProfileResult> results;

  SweepCharts(List<ProfileResult> results) {
    this.results = results;
    this.series =
        results.stream()
            .sorted(Comparator.comparingLong(result -> result.run().batch()))
            .collect(
                Collectors.groupingBy(
                    result -> result.run().precision().label(), TreeMap::new, Collectors.toList()));
  }

  /** A line per precision over the batch, as points of batch and figure. */
  record Chart(String title, Plot plot, List<Tick> ticks, List<double[]> lines) {}

  /** The lines with any known figure. */
  List<Chart> charts() {
    return Stream.of(
            chart("Inferences per second", r -> r.throughput().inferencesPerSecond(), Figures::si),
            chart("Median time of a pass", r -> r.latency().median(), Figures::seconds),
            chart("Share of the peak (MFU)", Utilization::mfuShare, Figures::percent))
        .flatMap(Optional::stream)
        .toList();
  }

  private Optional<Chart> chart(
      String title, Function<ProfileResult, @Nullable Double> value, DoubleFunction<String> label) {
    List<double[]> lines =
        series.values().stream()
            .map(line -> line.stream().flatMapToDouble(one -> point(one, value)).toArray())
            .toList();
    double most = results.stream().map(value).filter(Objects::nonNull).reduce(0.0, Math::max);
    if (most <= 0) {
      return Optional.empty();
    }
    List<Tick> batches = batches();
    Plot plot =
        Plot.of(
            310,
            220,
            new Margins(30, 14, 46, 54),
            new Range(
                batches.get(0).value() * 0.85,
                batches.get(batches.size() - 1).value() * 1.18,
                true),
            new Range(0, most * 1.08, false));
    return Optional.of(new Chart(title, plot, Tick.of(plot.y(), 4, label), lines));
  }

  /** A result's position in a plot; nothing if it has no such figure. */
  private static DoubleStream point(
      ProfileResult result, Function<ProfileResult, @Nullable Double> value) {
    Double figure = value.apply(result);
    return figure == null
        ? DoubleStream.empty()
        : DoubleStream.of((double) result.run().batch(), figure);
  }

  List<Tick> batches() {
    return results.stream()
        .map(result -> result.run().batch())
        .distinct()
        .sorted()
        .map(batch -> new Tick((double) batch, Long.toString(batch)))
        .toList();
  }

  List<String> precisions() {
    return List.copyOf(series.keySet());
  }

  Knee knee() {
    return new Knee(results);
  }

  Stack table() {
    List<Column<ProfileResult>> columns = RunColumns.ofSweep(knee(), results);
    return Stack.of(
        "All runs",
        columns.subList(1, columns.size()),
        series.values().stream().flatMap(List::stream).toList());
  }
}
