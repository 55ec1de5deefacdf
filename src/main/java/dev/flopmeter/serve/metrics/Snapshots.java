package dev.flopmeter.serve.metrics;

import dev.flopmeter.serve.metrics.SeriesLimit.Selection;
import dev.flopmeter.serve.metrics.SeriesLimit.Unit;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
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
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.Quantile;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import io.prometheus.metrics.model.snapshots.SummarySnapshot.SummaryDataPointSnapshot;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Counts the series of snapshots, selects among them, and copies them out. */
final class Snapshots {
  private Snapshots() {}

  private static final Map<String, Metric> BY_FAMILY =
      Metric.all().stream().collect(Collectors.toMap(Metric::family, Function.identity()));

  /**
   * The number of series of each unit, as Prometheus would store them; in OpenMetrics created
   * timestamps are series, too.
   */
  static Map<Unit, Integer> sizes(MetricSnapshots all, Format format) {
    Map<Unit, Integer> sizes = new HashMap<>();
    for (MetricSnapshot family : all) {
      for (DataPointSnapshot point : family.getDataPoints()) {
        sizes.merge(unit(family, point), series(point, format), Integer::sum);
      }
    }
    return sizes;
  }

  /** The number of all series. */
  static int size(MetricSnapshots all, Format format) {
    return sizes(all, format).values().stream().mapToInt(Integer::intValue).sum();
  }

  /** What the selection publishes. */
  static MetricSnapshots selected(MetricSnapshots all, Selection selection) {
    List<MetricSnapshot> kept = new ArrayList<>();
    for (MetricSnapshot family : all) {
      kept.add(keeping(family, point -> selection.published().contains(unit(family, point))));
    }
    return withoutEmpty(kept);
  }

  /** The first ones, {@code most} series at most. */
  static MetricSnapshots first(MetricSnapshots all, int most, Format format) {
    List<MetricSnapshot> kept = new ArrayList<>();
    int[] left = {most};
    for (MetricSnapshot family : all) {
      kept.add(
          keeping(
              family,
              point -> {
                left[0] -= series(point, format);
                return left[0] >= 0;
              }));
    }
    return withoutEmpty(kept);
  }

  private static MetricSnapshots withoutEmpty(List<MetricSnapshot> families) {
    families.removeIf(family -> family.getDataPoints().isEmpty());
    return new MetricSnapshots(families);
  }

  private static Unit unit(MetricSnapshot family, DataPointSnapshot point) {
    Metric metric = BY_FAMILY.get(family.getMetadata().getPrometheusName());
    Labels labels = point.getLabels();
    String workload = labels.get("workload");
    String device = labels.get("device");
    String owner = workload != null ? workload : device != null ? device : "";
    return new Unit(metric == null ? Part.ESSENTIALS : metric.part(), owner);
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
   * The snapshots as a format can hold them: protobuf has no summary without a count and a sum,
   * which would be read as 0, so that quantiles alone are gauges there.
   */
  static MetricSnapshots in(Format format, MetricSnapshots all) {
    return format != Format.PROTOBUF
        ? all
        : new MetricSnapshots(all.stream().map(Snapshots::withoutBareQuantiles).toList());
  }

  private static MetricSnapshot withoutBareQuantiles(MetricSnapshot family) {
    if (!(family instanceof SummarySnapshot summary)
        || summary.getDataPoints().stream().anyMatch(SummaryDataPointSnapshot::hasCount)) {
      return family;
    }
    List<GaugeDataPointSnapshot> gauges = new ArrayList<>();
    for (SummaryDataPointSnapshot point : summary.getDataPoints()) {
      for (Quantile quantile : point.getQuantiles()) {
        String of = Double.toString(quantile.getQuantile());
        Labels labels = point.getLabels().merge(Labels.of("quantile", of));
        gauges.add(new GaugeDataPointSnapshot(quantile.getValue(), labels, null));
      }
    }
    return new GaugeSnapshot(family.getMetadata(), gauges);
  }

  private static MetricSnapshot keeping(
      MetricSnapshot family, Predicate<DataPointSnapshot> isKept) {
    if (family instanceof GaugeSnapshot gauge) {
      return new GaugeSnapshot(gauge.getMetadata(), kept(gauge.getDataPoints(), isKept));
    }
    if (family instanceof CounterSnapshot counter) {
      return new CounterSnapshot(counter.getMetadata(), kept(counter.getDataPoints(), isKept));
    }
    if (family instanceof HistogramSnapshot histogram) {
      return new HistogramSnapshot(
          histogram.getMetadata(), kept(histogram.getDataPoints(), isKept));
    }
    if (family instanceof SummarySnapshot summary) {
      return new SummarySnapshot(summary.getMetadata(), kept(summary.getDataPoints(), isKept));
    }
    if (family instanceof InfoSnapshot info) {
      return new InfoSnapshot(info.getMetadata(), kept(info.getDataPoints(), isKept));
    }
    throw new IllegalStateException(
        family.getMetadata().getName() + " is a " + family.getClass().getSimpleName());
  }

  private static <T extends DataPointSnapshot> List<T> kept(
      Collection<T> points, Predicate<DataPointSnapshot> isKept) {
    return points.stream().filter(isKept).toList();
  }

  /** The values, as rows for a registry that pushes: quantiles singly, histograms not at all. */
  static List<Row> rows(MetricSnapshots all) {
    List<Row> rows = new ArrayList<>();
    for (MetricSnapshot family : all) {
      Metric metric = BY_FAMILY.get(family.getMetadata().getPrometheusName());
      if (metric != null) {
        family.getDataPoints().forEach(point -> add(rows, metric, point));
      }
    }
    return rows;
  }

  private static void add(List<Row> rows, Metric metric, DataPointSnapshot point) {
    Tags tags = tags(point.getLabels());
    if (point instanceof GaugeDataPointSnapshot gauge) {
      rows.add(new Row(metric, tags, gauge.getValue()));
    } else if (point instanceof CounterDataPointSnapshot counter) {
      rows.add(new Row(metric, tags, counter.getValue()));
    } else if (point instanceof InfoDataPointSnapshot) {
      rows.add(new Row(metric, tags, 1));
    } else if (point instanceof SummaryDataPointSnapshot summary) {
      for (Quantile quantile : summary.getQuantiles()) {
        String of = Double.toString(quantile.getQuantile());
        rows.add(new Row(metric, tags.and("quantile", of), quantile.getValue()));
      }
    }
  }

  private static Tags tags(Labels labels) {
    return Tags.of(
        labels.stream().map(label -> Tag.of(label.getName(), label.getValue())).toList());
  }
}
