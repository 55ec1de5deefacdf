package dev.flopmeter.serve.metrics;

import io.micrometer.core.instrument.Clock;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Series that come and go with what they describe, in a registry of the Prometheus client: gauges
 * and counters through Micrometer, infos and quantiles beside it. Each belongs to an owner.
 *
 * <p>Not thread-safe; the values may be read by any thread.
 */
final class SeriesTable implements AutoCloseable {
  private static final Set<Metric.Kind> POINTS = EnumSet.of(Metric.Kind.INFO, Metric.Kind.SUMMARY);

  private final PrometheusMeterRegistry micrometer;
  private final MeterTable meters;
  private final List<OwnedPoints> points =
      Metric.all().stream()
          .filter(metric -> POINTS.contains(metric.kind()))
          .map(OwnedPoints::new)
          .toList();

  SeriesTable(PrometheusRegistry registry) {
    micrometer = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT, registry, Clock.SYSTEM);
    micrometer.throwExceptionOnRegistrationFailure();
    meters = new MeterTable(micrometer);
    points.forEach(registry::register);
  }

  /** Makes {@code rows} all that an owner has. */
  void replace(Object owner, List<Row> rows) {
    meters.replace(
        owner, rows.stream().filter(row -> !POINTS.contains(row.metric().kind())).toList());
    points.forEach(family -> family.replace(owner, rows));
  }

  void remove(Object owner) {
    replace(owner, List.of());
  }

  @Override
  public void close() {
    micrometer.close();
  }
}
