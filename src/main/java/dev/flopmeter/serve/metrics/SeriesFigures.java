package dev.flopmeter.serve.metrics;

import dev.flopmeter.serve.metrics.SeriesLimit.Selection;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.ArrayList;
import java.util.List;

/** The figures that a scrape gives about itself. */
final class SeriesFigures {
  private SeriesFigures() {}

  /** How many series they are themselves. */
  static final int COUNT = 2 + Part.values().length;

  /** The snapshots with these figures among them. */
  static MetricSnapshots with(MetricSnapshots shown, Selection selection, int limit) {
    List<MetricSnapshot> all = new ArrayList<>(shown.stream().toList());
    all.add(gauge("flopmeter_series", List.of(point(Labels.EMPTY, selection.series()))));
    all.add(gauge("flopmeter_series_limit", List.of(point(Labels.EMPTY, limit))));
    List<GaugeDataPointSnapshot> parts = new ArrayList<>();
    for (Part part : Part.values()) {
      parts.add(point(Labels.of("part", part.label()), selection.leftOut(part)));
    }
    all.add(gauge("flopmeter_series_limited", parts));
    return new MetricSnapshots(all);
  }

  private static GaugeDataPointSnapshot point(Labels labels, double value) {
    return GaugeDataPointSnapshot.builder().labels(labels).value(value).build();
  }

  private static GaugeSnapshot gauge(String name, List<GaugeDataPointSnapshot> points) {
    return new GaugeSnapshot(new MetricMetadata(name, Metric.named(name).help()), points);
  }
}
