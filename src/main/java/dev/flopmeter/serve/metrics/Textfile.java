package dev.flopmeter.serve.metrics;

import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.result.SeriesKey;
import io.micrometer.core.instrument.Clock;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import io.prometheus.metrics.model.snapshots.SummarySnapshot.SummaryDataPointSnapshot;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Results in Prometheus' text format, for the textfile collector of node_exporter: the gauges,
 * quantiles and infos that a daemon publishes of them. Their workload is the model.
 */
public final class Textfile {
  private static final int LAYERS = 20;

  private Textfile() {}

  /**
   * The file's text.
   *
   * @throws IllegalArgumentException if two results have the same labels
   */
  public static String of(List<ProfileResult> results) {
    PrometheusRegistry registry = new PrometheusRegistry();
    MeterTable gauges =
        new MeterTable(
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT, registry, Clock.SYSTEM));
    OwnedPoints<SummaryDataPointSnapshot> latencies =
        new OwnedPoints<>(
            Metric.named("flopmeter_inference_latency_seconds"), SummarySnapshot::new);
    OwnedPoints<InfoDataPointSnapshot> layers =
        new OwnedPoints<>(Metric.named("flopmeter_layer_info"), InfoSnapshot::new);
    OwnedPoints<InfoDataPointSnapshot> devices =
        new OwnedPoints<>(Metric.named("flopmeter_device_info"), InfoSnapshot::new);
    List.of(latencies, layers, devices).forEach(registry::register);
    Set<SeriesKey> seen = new HashSet<>();
    for (ProfileResult profile : results) {
      Result result = Result.of(profile.model().name(), profile).withTopLayers(LAYERS);
      SeriesKey key = result.key();
      if (!seen.add(key)) {
        throw new IllegalArgumentException(
            key.precision()
                + ", batch "
                + key.batch()
                + " has several results, which would share"
                + " one set of metrics");
      }
      gauges.replace(key, ResultRows.of(new PublishedResult(result, false, null)));
      gauges.replace(List.of("sensors", key.device()), DeviceRows.sensors(result));
      gauges.replace(List.of(key.device(), key.precision()), DeviceRows.peakFlops(result));
      gauges.replace(List.of("memory", key.device()), DeviceRows.peakBytes(result));
      latencies.replace(key, List.of(ResultRows.latencies(result)));
      layers.replace(key, ResultRows.layers(result));
      devices.replace(key.device(), List.of(DeviceRows.info(result)));
    }
    return PrometheusTextFormatWriter.create()
        .toDebugString(registry.scrape(), EscapingScheme.UNDERSCORE_ESCAPING);
  }
}
