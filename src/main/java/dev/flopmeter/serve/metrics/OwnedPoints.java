package dev.flopmeter.serve.metrics;

import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.Quantile;
import io.prometheus.metrics.model.snapshots.Quantiles;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import io.prometheus.metrics.model.snapshots.SummarySnapshot.SummaryDataPointSnapshot;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A family whose points come and go with what they describe, for what Micrometer cannot publish:
 * infos, and quantiles that were computed elsewhere.
 */
final class OwnedPoints implements Collector {
  static final String QUANTILE = "quantile";

  private final Metric metric;
  private final Map<Object, List<Row>> points = new ConcurrentHashMap<>();

  OwnedPoints(Metric metric) {
    this.metric = metric;
  }

  /** Makes these of the rows all that an owner has. */
  void replace(Object owner, List<Row> rows) {
    List<Row> own = rows.stream().filter(row -> row.metric().equals(metric)).toList();
    if (own.isEmpty()) {
      points.remove(owner);
    } else {
      points.put(owner, own);
    }
  }

  @Override
  public MetricSnapshot collect() {
    MetricMetadata metadata = new MetricMetadata(metric.family(), metric.help());
    return metric.kind() == Metric.Kind.SUMMARY
        ? new SummarySnapshot(metadata, points.values().stream().map(OwnedPoints::summary).toList())
        : new InfoSnapshot(
            metadata,
            points.values().stream()
                .flatMap(List::stream)
                .map(row -> new InfoDataPointSnapshot(labels(row.tags())))
                .toList());
  }

  /** The quantiles of one owner. */
  private static SummaryDataPointSnapshot summary(List<Row> rows) {
    Quantiles.Builder quantiles = Quantiles.builder();
    for (Row row : rows) {
      String quantile = labels(row.tags()).get(QUANTILE);
      quantiles.quantile(new Quantile(Double.parseDouble(quantile), row.value()));
    }
    Tags shared =
        Tags.of(rows.get(0).tags().stream().filter(tag -> !tag.getKey().equals(QUANTILE)).toList());
    return SummaryDataPointSnapshot.builder()
        .quantiles(quantiles.build())
        .labels(labels(shared))
        .build();
  }

  private static Labels labels(Tags tags) {
    return Labels.of(
        tags.stream().map(Tag::getKey).toList(), tags.stream().map(Tag::getValue).toList());
  }
}
