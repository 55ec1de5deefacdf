package dev.flopmeter.serve.metrics;

import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.result.SeriesKey;
import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.time.Instant;
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
    SeriesTable series = new SeriesTable();
    Set<SeriesKey> seen = new HashSet<>();
    for (ProfileResult profile : results) {
      Result result = Result.of(profile.model().name(), profile).withTopLayers(LAYERS);
      SeriesKey key = result.key();
      if (!seen.add(key)) {
        throw new IllegalArgumentException(
            "%s, batch %s has several results, which would share one set of metrics"
                .formatted(key.precision(), key.batch()));
      }
      ResultRows.show(series, new PublishedResult(result, false, null));
    }
    return PrometheusTextFormatWriter.create()
        .toDebugString(
            new MetricSnapshots(Snapshots.of(series.rows(Instant.EPOCH), Format.TEXT)),
            EscapingScheme.UNDERSCORE_ESCAPING);
  }
}
