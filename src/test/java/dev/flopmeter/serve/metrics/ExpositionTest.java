package dev.flopmeter.serve.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

/** The metrics that a scrape renders, and those that it only copies. */
class ExpositionTest {
  private final SeriesTable ours = new SeriesTable();
  private final PrometheusRegistry histograms = new PrometheusRegistry();
  private final PrometheusRegistry process = new PrometheusRegistry();
  private final AtomicInteger oursCollected = new AtomicInteger();
  private final Exposition exposition =
      new Exposition(() -> Instant.EPOCH, ours, histograms, process);

  private static GaugeSnapshot gauge(String name, double value) {
    return GaugeSnapshot.builder()
        .name(name)
        .dataPoint(GaugeDataPointSnapshot.builder().value(value).build())
        .build();
  }

  /** Makes this the only metric of the daemon. */
  private void show(String metric, double value) {
    ours.replace(metric, List.of(new Row(Metric.named(metric), Labels.EMPTY, value)));
  }

  private String scrape(Format format) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    exposition.scrape(format, false).forEach(out::writeBytes);
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void ourMetricsAreCollectedWhenTheyChangeAndNotAtAScrape() throws Exception {
    histograms.register(
        () ->
            HistogramSnapshot.builder()
                .name("flopmeter_x")
                .dataPoint(
                    HistogramDataPointSnapshot.builder()
                        .classicHistogramBuckets(
                            ClassicHistogramBuckets.of(
                                List.of(Double.POSITIVE_INFINITY),
                                List.of(oursCollected.incrementAndGet())))
                        .build())
                .build());
    AtomicInteger uptime = new AtomicInteger();
    process.register(() -> gauge("uptime", uptime.incrementAndGet()));
    exposition.render();
    int rendered = oursCollected.get();
    for (int i = 1; i <= 10; i++) {
      assertThat(scrape(Format.TEXT))
          .contains("flopmeter_x_count " + rendered + "\n")
          .endsWith("uptime " + (double) uptime.get() + "\n");
    }
    assertThat(oursCollected).hasValue(rendered);
    exposition.render();
    assertThat(scrape(Format.TEXT)).doesNotContain("flopmeter_x_count " + rendered + "\n");
  }

  @Test
  void someMetricsAloneCanBeAskedForByTheNamesOfTheirSeries() throws Exception {
    show("flopmeter_history_results", 1);
    show("flopmeter_otlp_push_failures_total", 7);
    process.register(() -> gauge("uptime", 2));
    exposition.render();
    assertThat(scrape(Set.of("flopmeter_otlp_push_failures_total", "uptime", "flopmeter")))
        .isEqualTo(
            "# HELP flopmeter_otlp_push_failures_total Failed pushes over OTLP.\n"
                + "# TYPE flopmeter_otlp_push_failures_total counter\n"
                + "flopmeter_otlp_push_failures_total 7.0\n"
                + "# TYPE uptime gauge\nuptime 2.0\n");
    assertThat(scrape(Set.of("flopmeter_history_results_total_sum"))).isEmpty();
  }

  @Test
  void someMetricsAloneCanBeAskedForInProtobufAndPacked() throws Exception {
    show("flopmeter_history_results", 1);
    show("flopmeter_history_pending_results", 3);
    process.register(() -> gauge("uptime", 2));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    exposition
        .scrape(Format.PROTOBUF, Set.of("flopmeter_history_pending_results", "uptime"), true)
        .forEach(out::writeBytes);
    byte[] plain = new GZIPInputStream(new ByteArrayInputStream(out.toByteArray())).readAllBytes();
    assertThat(ProtobufScrape.series(plain))
        .containsExactly("flopmeter_history_pending_results 3.0", "uptime 2.0");
    out.reset();
    exposition.scrape(Format.PROTOBUF, true).forEach(out::writeBytes);
    plain = new GZIPInputStream(new ByteArrayInputStream(out.toByteArray())).readAllBytes();
    assertThat(ProtobufScrape.series(plain))
        .contains("flopmeter_history_results 1.0", "flopmeter_history_pending_results 3.0")
        .endsWith("uptime 2.0");
  }

  private String scrape(Set<String> names) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    exposition.scrape(Format.TEXT, names, false).forEach(out::writeBytes);
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void openMetricsEndsOnce() throws Exception {
    show("flopmeter_history_results", 1);
    process.register(() -> gauge("uptime", 2));
    exposition.render();
    assertThat(scrape(Format.OPEN_METRICS))
        .contains("\nflopmeter_history_results 1.0\n")
        .endsWith("# TYPE uptime gauge\nuptime 2.0\n# EOF\n")
        .containsOnlyOnce("# EOF");
  }

  @Test
  void theProcessMetricsGoBeforeTheDaemonsOwn() throws Exception {
    show("flopmeter_history_results", 1);
    process.register(() -> gauge("uptime", 2));
    int essentials = 1 + Exposition.FIGURES;
    exposition.limit(new SeriesLimit(essentials, List.of()));
    exposition.render();
    assertThat(scrape(Format.TEXT))
        .contains("\nflopmeter_history_results 1.0\n")
        .contains("flopmeter_series " + (double) essentials)
        .contains("flopmeter_series_limited{part=\"process\"} 1.0")
        .doesNotContain("uptime");
    exposition.limit(new SeriesLimit(essentials + 1, List.of()));
    exposition.render();
    assertThat(scrape(Format.TEXT))
        .contains("uptime 2.0")
        .contains("flopmeter_series_limited{part=\"process\"} 0.0");
  }

  @Test
  void seriesThatTheProcessGainsBetweenTwoRenderingsDoNotExceedTheLimit() throws Exception {
    show("flopmeter_history_results", 1);
    process.register(() -> gauge("a_uptime", 2));
    exposition.limit(new SeriesLimit(2 + Exposition.FIGURES, List.of()));
    exposition.render();
    process.register(() -> gauge("b_later", 3));
    assertThat(scrape(Format.TEXT)).contains("a_uptime 2.0").doesNotContain("b_later");
  }
}
