package dev.flopmeter.serve.metrics;

import dev.flopmeter.result.ProfileResult.Latency;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.result.SeriesKey;
import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.Quantile;
import io.prometheus.metrics.model.snapshots.Quantiles;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import io.prometheus.metrics.model.snapshots.SummarySnapshot.SummaryDataPointSnapshot;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Quantiles as the last run found them: a summary without count and sum, which a histogram beside
 * it has. Micrometer cannot publish quantiles that were computed elsewhere.
 */
final class LatencySummary implements Collector {
  private final Metric metric;
  private final Map<SeriesKey, SummaryDataPointSnapshot> points = new ConcurrentHashMap<>();

  LatencySummary(Metric metric) {
    this.metric = metric;
  }

  void show(Result result) {
    Latency latency = result.profile().latency();
    Quantiles.Builder quantiles = Quantiles.builder();
    quantile(quantiles, 0.25, latency.q1());
    quantile(quantiles, 0.5, latency.median());
    quantile(quantiles, 0.75, latency.q3());
    quantile(quantiles, 0.9, latency.p90());
    quantile(quantiles, 0.95, latency.p95());
    quantile(quantiles, 0.99, latency.p99());
    points.put(
        result.key(),
        SummaryDataPointSnapshot.builder()
            .quantiles(quantiles.build())
            .labels(
                Labels.of(
                    Catalogue.RESULT.toArray(String[]::new), ResultRows.labelValues(result.key())))
            .build());
  }

  private static void quantile(
      Quantiles.Builder quantiles, double quantile, @Nullable Double seconds) {
    if (seconds != null) {
      quantiles.quantile(new Quantile(quantile, seconds));
    }
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
