package dev.flopmeter.serve.page;

import dev.flopmeter.report.page.Plot;
import dev.flopmeter.report.page.Scale;
import dev.flopmeter.serve.history.HistoryEntry;
import java.time.Instant;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.stream.DoubleStream;

/** The history of a series as a line in a table cell, 150 by 30. */
record Sparkline(List<HistoryEntry> history, double low, double high, Scale time, Scale median) {
  /**
   * @param history at least one result, the oldest first
   */
  static Sparkline of(List<HistoryEntry> history) {
    DoubleSummaryStatistics medians =
        history.stream().mapToDouble(HistoryEntry::median).summaryStatistics();
    double low = medians.getMin();
    double high = medians.getMax();
    // Noise of a percent must not look like a mountain range.
    double middle = (low + high) / 2;
    double half = Math.max((high - low) / 2, 0.05 * middle);
    double end = epoch(history.get(history.size() - 1).at());
    return new Sparkline(
        history,
        low,
        high,
        Scale.of(epoch(history.get(0).at()), end, 4, 146, false),
        Scale.of(middle - half, middle + half, 26, 4, false));
  }

  HistoryEntry last() {
    return history.get(history.size() - 1);
  }

  List<HistoryEntry> invalid() {
    return history.stream().filter(entry -> !entry.isValid()).toList();
  }

  double x(HistoryEntry entry) {
    return time.at(epoch(entry.at()));
  }

  double y(HistoryEntry entry) {
    return median.at(entry.median());
  }

  /** The line, as a path's data. */
  String path() {
    return Plot.line(
        history.stream().flatMapToDouble(one -> DoubleStream.of(x(one), y(one))).toArray());
  }

  private static double epoch(Instant at) {
    return (double) at.getEpochSecond();
  }
}
