package dev.flopmeter.serve.metrics;

import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.result.SeriesKey;
import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.Quantile;
import io.prometheus.metrics.model.snapshots.Quantiles;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import io.prometheus.metrics.model.snapshots.SummarySnapshot.SummaryDataPointSnapshot;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Quantiles as the last run found them: a summary without count and sum, which a histogram beside
 * it has. Micrometer cannot publish quantiles that somebody else computed.
 */
final class LatencySummary implements Collector {
  /** Where a result holds each quantile. */
  static final Map<Double, String> QUANTILES = new LinkedHashMap<>();

  static {
    QUANTILES.put(0.25, "latency.q1");
    QUANTILES.put(0.5, "latency.median");
    QUANTILES.put(0.75, "latency.q3");
    QUANTILES.put(0.9, "latency.p90");
    QUANTILES.put(0.95, "latency.p95");
    QUANTILES.put(0.99, "latency.p99");
  }

  private final Metric metric;
  private final Map<SeriesKey, SummaryDataPointSnapshot> points = new ConcurrentHashMap<>();

  LatencySummary(Metric metric) {
    this.metric = metric;
  }

  void show(Result result) {
    Quantiles.Builder quantiles = Quantiles.builder();
    QUANTILES.forEach(
        (quantile, path) -> {
          Double seconds = result.value(path);
          if (seconds != null) {
            quantiles.quantile(new Quantile(quantile, seconds));
          }
        });
    points.put(
        result.key(),
        SummaryDataPointSnapshot.builder()
            .quantiles(quantiles.build())
            .labels(
                Labels.of(
                    Catalogue.RESULT.toArray(String[]::new), ResultRows.labelValues(result.key())))
            .build());
  }

  void withdraw(SeriesKey key) {
    points.remove(key);
  }

  @Override
  public MetricSnapshot collect() {
    SummarySnapshot.Builder summary =
        SummarySnapshot.builder().name(metric.name()).help(metric.help());
    points.values().forEach(summary::dataPoint);
    return summary.build();
  }
}
