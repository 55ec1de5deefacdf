package dev.flopmeter.serve.metrics;

import dev.flopmeter.serve.metrics.SeriesLimit.Selection;
import dev.flopmeter.serve.metrics.SeriesLimit.Unit;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.Quantile;
import io.prometheus.metrics.model.snapshots.Quantiles;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import io.prometheus.metrics.model.snapshots.SummarySnapshot.SummaryDataPointSnapshot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Counts the series of snapshots, selects among them, and copies them out. */
final class Snapshots {
  static final String QUANTILE = "quantile";

  private Snapshots() {}

  private static final Map<String, Metric> BY_FAMILY =
      Metric.all().stream().collect(Collectors.toMap(Metric::family, Function.identity()));

  /**
   * The number of series of each unit, as Prometheus would store them; in OpenMetrics created
   * timestamps are series, too.
   */
  static Map<Unit, Integer> sizes(List<Row> rows, MetricSnapshots histograms, Format format) {
    Map<Unit, Integer> sizes = new HashMap<>();
    for (Row row : rows) {
      int created = format == Format.OPEN_METRICS && row.created() > 0 ? 1 : 0;
      sizes.merge(unit(row), 1 + created, Integer::sum);
    }
    for (MetricSnapshot family : histograms) {
      for (DataPointSnapshot point : family.getDataPoints()) {
        sizes.merge(unit(family, point), series(point, format), Integer::sum);
      }
    }
    return sizes;
  }

  static int size(MetricSnapshots all, Format format) {
    return all.stream()
        .flatMap(family -> family.getDataPoints().stream())
        .mapToInt(point -> series(point, format))
        .sum();
  }

  static List<MetricSnapshot> selected(MetricSnapshots histograms, Selection selection) {
    List<MetricSnapshot> selected = new ArrayList<>();
    for (MetricSnapshot family : histograms) {
      List<HistogramDataPointSnapshot> points =
          ((HistogramSnapshot) family)
              .getDataPoints().stream()
                  .filter(point -> selection.published().contains(unit(family, point)))
                  .toList();
      if (!points.isEmpty()) {
        selected.add(new HistogramSnapshot(family.getMetadata(), points));
      }
    }
    return selected;
  }

  /** The first families, {@code most} series at most. */
  static MetricSnapshots first(MetricSnapshots all, int most, Format format) {
    AtomicInteger left = new AtomicInteger(most);
    return new MetricSnapshots(
        all.stream()
            .filter(family -> left.addAndGet(-size(MetricSnapshots.of(family), format)) >= 0)
            .toList());
  }

  static Unit unit(Row row) {
    return unit(row.metric().part(), row.labels());
  }

  private static Unit unit(MetricSnapshot family, DataPointSnapshot point) {
    Metric metric = BY_FAMILY.get(family.getMetadata().getPrometheusName());
    return unit(metric == null ? Part.ESSENTIALS : metric.part(), point.getLabels());
  }

  private static Unit unit(Part part, Labels labels) {
    String workload = labels.get("workload");
    String device = labels.get("device");
    return new Unit(part, workload != null ? workload : device != null ? device : "");
  }

  private static int series(DataPointSnapshot point, Format format) {
    int created = format == Format.OPEN_METRICS && point.hasCreatedTimestamp() ? 1 : 0;
    if (point instanceof HistogramDataPointSnapshot histogram) {
      int buckets = histogram.getClassicBuckets().size();
      if (format != Format.PROTOBUF) {
        return Math.max(1, buckets) + 2 + created; // of a native one, the bucket without a bound
      }
      return (buckets == 0 ? 0 : buckets + 2) + (histogram.hasNativeHistogramData() ? 1 : 0);
    }
    if (point instanceof SummaryDataPointSnapshot summary) {
      return summary.getQuantiles().size()
          + (summary.hasCount() ? 1 : 0)
          + (summary.hasSum() ? 1 : 0)
          + created;
    }
    return 1 + created;
  }

  /**
   * The families of rows as a format can hold them: protobuf has no summary without a count and a
   * sum, which would be read as 0, so that quantiles alone are gauges there.
   */
  static List<MetricSnapshot> of(List<Row> rows, Format format) {
    Map<Metric, List<Row>> families = rows.stream().collect(Collectors.groupingBy(Row::metric));
    List<MetricSnapshot> snapshots = new ArrayList<>();
    families.forEach((metric, points) -> snapshots.add(family(metric, points, format)));
    return snapshots;
  }

  private static MetricSnapshot family(Metric metric, List<Row> rows, Format format) {
    MetricMetadata metadata = new MetricMetadata(metric.family(), metric.help());
    return switch (metric.kind()) {
      case INFO ->
          new InfoSnapshot(metadata, points(rows, row -> new InfoDataPointSnapshot(row.labels())));
      case COUNTER ->
          new CounterSnapshot(
              metadata,
              points(
                  rows,
                  row ->
                      new CounterDataPointSnapshot(
                          row.value(), row.labels(), null, row.created())));
      case SUMMARY ->
          format == Format.PROTOBUF
              ? gauges(metadata, rows)
              : new SummarySnapshot(metadata, quantiles(rows));
      case GAUGE, UP_DOWN, HISTOGRAM -> gauges(metadata, rows);
    };
  }

  private static MetricSnapshot gauges(MetricMetadata metadata, List<Row> rows) {
    return new GaugeSnapshot(
        metadata, points(rows, row -> new GaugeDataPointSnapshot(row.value(), row.labels(), null)));
  }

  private static <T> List<T> points(List<Row> rows, Function<Row, T> point) {
    return rows.stream().map(point).toList();
  }

  private static List<SummaryDataPointSnapshot> quantiles(List<Row> rows) {
    Map<Labels, List<Quantile>> points = new HashMap<>();
    for (Row row : rows) {
      double share = Double.parseDouble(row.labels().get(QUANTILE));
      points
          .computeIfAbsent(withoutQuantile(row.labels()), unseen -> new ArrayList<>())
          .add(new Quantile(share, row.value()));
    }
    List<SummaryDataPointSnapshot> summaries = new ArrayList<>();
    points.forEach(
        (labels, quantiles) ->
            summaries.add(
                SummaryDataPointSnapshot.builder()
                    .labels(labels)
                    .quantiles(Quantiles.of(quantiles))
                    .build()));
    return summaries;
  }

  private static Labels withoutQuantile(Labels labels) {
    Labels.Builder others = Labels.builder();
    labels.stream()
        .filter(label -> !label.getName().equals(QUANTILE))
        .forEach(label -> others.label(label.getName(), label.getValue()));
    return others.build();
  }
}
