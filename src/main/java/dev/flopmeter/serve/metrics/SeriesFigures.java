package dev.flopmeter.serve.metrics;

import dev.flopmeter.serve.metrics.SeriesLimit.Selection;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.ArrayList;
import java.util.List;

/** The figures that a scrape gives about itself. */
final class SeriesFigures {
  private SeriesFigures() {}

  /** How many series they are themselves. */
  static final int COUNT = 2 + Part.values().length;

  static List<Row> of(Selection selection, int limit) {
    List<Row> rows = new ArrayList<>();
    Row.add(rows, "flopmeter_series", Labels.EMPTY, selection.series());
    Row.add(rows, "flopmeter_series_limit", Labels.EMPTY, limit);
    for (Part part : Part.values()) {
      Labels labels = Labels.of("part", part.label());
      Row.add(rows, "flopmeter_series_limited", labels, selection.leftOut(part));
    }
    return rows;
  }
}
