package dev.flopmeter.serve.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileSchema;
import dev.flopmeter.result.SampleResult;
import dev.flopmeter.serve.FakeWorker;
import dev.flopmeter.serve.config.ConfigReader;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.worker.DeviceState;
import dev.flopmeter.serve.worker.DeviceState.Peak;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** The contents of a scrape with more series than metrics.max_series. */
class DaemonMetricsTest {
  private static final Instant NOW = Instant.parse("2026-06-01T00:00:00Z");
  private static final int WORKLOADS = 20;

  @TempDir private Path folder;

  private ServeConfig config(int maxSeries) throws Exception {
    return config(maxSeries, "both");
  }

  private ServeConfig config(int maxSeries, String histograms) throws Exception {
    StringBuilder yaml = new StringBuilder("workloads:\n");
    IntStream.range(0, WORKLOADS)
        .forEach(i -> yaml.append("  w").append(i).append(": {model: m, device: cpu}\n"));
    yaml.append("metrics: {max_series: ").append(maxSeries);
    yaml.append(", histograms: ").append(histograms).append("}\n");
    Path file = Files.writeString(folder.resolve("f.yaml"), yaml);
    return new ConfigReader(Map.of(), Set.of(), Optional.empty(), Optional.empty()).read(file);
  }

  private static Result result(String workload) {
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < 21; i++) {
      layers.add(SampleResult.layer("layer" + i, 1e-4));
    }
    return Result.of(workload, SampleResult.of(NOW, 0.002, true, layers));
  }

  private static DaemonMetrics metrics(ServeConfig config) {
    // The JVM's own series vary; here the process has 90 fixed ones.
    PrometheusRegistry process = new PrometheusRegistry();
    Gauge gauge = Gauge.builder().name("process_figure").labelNames("n").register(process);
    IntStream.range(0, 90).forEach(i -> gauge.labelValues(Integer.toString(i)).set(i));
    DaemonMetrics metrics = new DaemonMetrics(config, "1", () -> NOW, process);
    metrics.configured(config, NOW);
    for (int i = 0; i < WORKLOADS; i++) {
      Result result = result("w" + i);
      metrics.count(result);
      metrics.show(new PublishedResult(result, false, null));
    }
    metrics.publish();
    return metrics;
  }

  private static List<String> series(DaemonMetrics metrics, Format format) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    metrics.exposition().scrape(format, false).forEach(out::writeBytes);
    if (format == Format.PROTOBUF) {
      return ProtobufScrape.series(out.toByteArray());
    }
    return out.toString(StandardCharsets.UTF_8)
        .lines()
        .filter(line -> !line.startsWith("#"))
        .toList();
  }

  private static double value(List<String> series, String name) {
    return series.stream()
        .filter(line -> line.startsWith(name))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }

  @ParameterizedTest
  @ValueSource(ints = {100, 300, 1000, 2500, 5000, 1_000_000})
  void aScrapeNeverHasMoreSeriesThanTheLimitAndSaysHowManyAreMissing(int limit) throws Exception {
    try (DaemonMetrics unlimited = metrics(config(1_000_000));
        DaemonMetrics metrics = metrics(config(limit))) {
      for (Format format : Format.values()) {
        // The first scrape of a format renders it.
        series(unlimited, format);
        series(metrics, format);
        unlimited.publish();
        metrics.publish();
        int all = series(unlimited, format).size();
        List<String> series = series(metrics, format);
        assertThat(series).hasSizeLessThanOrEqualTo(limit);
        assertThat(value(series, "flopmeter_series ")).isEqualTo(series.size());
        assertThat(value(series, "flopmeter_series_limit ")).isEqualTo(limit);
        assertThat(value(series, "flopmeter_series_limited{")).isEqualTo(all - series.size());
        assertThat(series).anyMatch(line -> line.startsWith("flopmeter_build_info{"));
        assertThat(series)
            .anyMatch(line -> line.startsWith("flopmeter_runs_total{") && line.contains("\"w0\""));
      }
    }
  }

  @Test
  void layersAreLeftOutTogetherAndOneLineNamesTheWorkloads() throws Exception {
    Logger logger = (Logger) LoggerFactory.getLogger(DaemonMetrics.class);
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    logger.addAppender(log);
    try (DaemonMetrics unlimited = metrics(config(1_000_000))) {
      int all = series(unlimited, Format.TEXT).size();
      assertThat(log.list).isEmpty();
      try (DaemonMetrics metrics = metrics(config(all - 1))) {
        metrics.publish();
        List<String> series = series(metrics, Format.TEXT);
        long layered =
            IntStream.range(0, WORKLOADS)
                .filter(i -> series.stream().anyMatch(line -> isLayerOf("w" + i, line)))
                .count();
        assertThat(layered).isEqualTo(WORKLOADS - 1);
        assertThat(series).noneMatch(line -> isLayerOf("w19", line));
        assertThat(log.list)
            .singleElement()
            .extracting(ILoggingEvent::getFormattedMessage)
            .asString()
            .startsWith("metrics.max_series omits series: layers of w19 (");
      }
    } finally {
      logger.detachAppender(log);
    }
  }

  private static boolean isLayerOf(String workload, String line) {
    return line.startsWith("flopmeter_layer_duration_seconds{")
        && line.contains("workload=\"" + workload + "\"");
  }

  @Test
  void aResultThatIsNotValidAddsNothingToTheCountersAndTheHistogram() throws Exception {
    Result valid = workerResult("good-3");
    Result invalid = workerResult("invalid-3");
    try (DaemonMetrics metrics = new DaemonMetrics(config(20_000), "1", () -> NOW)) {
      metrics.count(valid);
      metrics.publish();
      List<String> before = sums(metrics);
      metrics.count(invalid);
      metrics.publish();
      assertThat(sums(metrics)).isEqualTo(before).hasSize(5);
      assertThat(value(series(metrics, Format.TEXT), "flopmeter_measurement_discarded_total{"))
          .isEqualTo(2);
    }
  }

  @Test
  void aCounterSaysWhenItWasPublishedFirst() throws Exception {
    Instant[] now = {NOW};
    try (DaemonMetrics metrics = new DaemonMetrics(config(20_000), "1", () -> now[0])) {
      metrics.count(workerResult("good-3"));
      String created = "flopmeter_inferences_created{";
      assertThat(value(series(metrics, Format.OPEN_METRICS), created))
          .isEqualTo(NOW.getEpochSecond());
      now[0] = NOW.plusSeconds(3600);
      metrics.publish();
      assertThat(value(series(metrics, Format.OPEN_METRICS), created))
          .isEqualTo(NOW.getEpochSecond());
    }
  }

  @Test
  void nativeHistogramsHaveTheObservationsOfTheClassicOnesInOneSeries() throws Exception {
    Result valid = workerResult("good-3");
    try (DaemonMetrics classic = new DaemonMetrics(config(20_000, "classic"), "1", () -> NOW);
        DaemonMetrics both = new DaemonMetrics(config(20_000), "1", () -> NOW);
        DaemonMetrics fine = new DaemonMetrics(config(20_000, "native"), "1", () -> NOW)) {
      for (DaemonMetrics metrics : List.of(classic, both, fine)) {
        metrics.count(valid);
        metrics.count(workerResult("invalid-3"));
        metrics.publish();
      }
      List<String> lines = durations(classic, Format.TEXT);
      // 16 bounds and the one above, the count and the sum.
      assertThat(lines).hasSize(19).anyMatch(line -> line.endsWith(" 4.0") || line.endsWith(" 4"));
      assertThat(durations(both, Format.TEXT)).isEqualTo(lines);
      assertThat(durations(classic, Format.PROTOBUF)).hasSize(19);
      assertThat(durations(both, Format.PROTOBUF)).hasSize(20);
      assertThat(durations(fine, Format.PROTOBUF))
          .singleElement()
          .asString()
          .startsWith("flopmeter_inference_duration_seconds{")
          .contains("workload=\"w0\"")
          .endsWith("} 4.0");
      assertThat(durations(fine, Format.TEXT)).hasSize(3);
    }
  }

  private static List<String> durations(DaemonMetrics metrics, Format format) throws IOException {
    return series(metrics, format).stream()
        .filter(line -> line.startsWith("flopmeter_inference_duration_seconds"))
        .toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"classic", "native", "both"})
  void everyKindOfHistogramCountsInTheSeriesOfEveryFormat(String histograms) throws Exception {
    try (DaemonMetrics metrics = metrics(config(1_000_000, histograms))) {
      for (Format format : Format.values()) {
        series(metrics, format);
        metrics.publish();
        List<String> series = series(metrics, format);
        assertThat(value(series, "flopmeter_series ")).as("%s", format).isEqualTo(series.size());
      }
    }
  }

  @Test
  void quantilesInProtobufAreGaugesSinceASummaryWouldHaveACountOfZero() throws Exception {
    Result result = workerResult("good-3");
    try (DaemonMetrics metrics = new DaemonMetrics(config(20_000), "1", () -> NOW)) {
      metrics.show(new PublishedResult(result, false, null));
      metrics.publish();
      List<String> quantiles =
          series(metrics, Format.PROTOBUF).stream()
              .filter(line -> line.startsWith("flopmeter_inference_latency_seconds"))
              .toList();
      assertThat(quantiles).hasSize(6).allMatch(line -> line.contains("quantile=\"0."));
      assertThat(quantiles.stream().map(DaemonMetricsTest::labels).toList())
          .containsExactlyInAnyOrderElementsOf(
              series(metrics, Format.TEXT).stream()
                  .filter(line -> line.startsWith("flopmeter_inference_latency_seconds{"))
                  .map(DaemonMetricsTest::labels)
                  .toList());
    }
  }

  private static Set<String> labels(String line) {
    return Set.of(line.substring(line.indexOf('{') + 1, line.lastIndexOf('}')).split(","));
  }

  /** The counters for rates. */
  private static List<String> sums(DaemonMetrics metrics) throws IOException {
    return series(metrics, Format.TEXT).stream()
        .filter(
            line ->
                line.matches(
                    "flopmeter_(inferences_total|inference_flop_total|model_busy_seconds_total"
                        + "|device_energy_joules_total|inference_duration_seconds_count)\\{.*"))
        .toList();
  }

  @Test
  void peaksOfADeviceAreThereWithoutAResultAndThoseOfAResultComeFirst() throws Exception {
    DeviceState card =
        new DeviceState(
            "cuda:0",
            "cuda",
            null,
            null,
            Map.of("name", "Card", "uuid", "GPU-1", "pci_bus_id", "00000000:01:00.0"),
            List.of(
                new Peak("fp16", "datasheet", 4e14),
                new Peak("bf16", "datasheet", 4e14),
                new Peak("bf16", "measured", 3e14),
                new Peak("", "datasheet", 2e12),
                new Peak("", "measured", 1.8e12)));
    try (DaemonMetrics metrics = new DaemonMetrics(config(20_000), "1", () -> NOW)) {
      metrics.devices(List.of(card));
      assertThat(ofDevices(metrics))
          .containsExactlyInAnyOrder(
              "flopmeter_device_info{cuda=\"\",cudnn=\"\",device=\"cuda:0\",driver=\"\",emulated=\"false\",kind=\"cuda\",mig_uuid=\"\",name=\"Card\",pci_bus_id=\"00000000:01:00.0\",uuid=\"GPU-1\"}"
                  + " 1",
              "flopmeter_device_peak_flop_per_second{basis=\"datasheet\",device=\"cuda:0\",precision=\"fp16\"}"
                  + " 4.0E14",
              "flopmeter_device_peak_flop_per_second{basis=\"datasheet\",device=\"cuda:0\",precision=\"bf16\"}"
                  + " 4.0E14",
              "flopmeter_device_peak_flop_per_second{basis=\"measured\",device=\"cuda:0\",precision=\"bf16\"}"
                  + " 3.0E14",
              "flopmeter_device_peak_memory_bytes_per_second{basis=\"datasheet\",device=\"cuda:0\"}"
                  + " 2.0E12",
              "flopmeter_device_peak_memory_bytes_per_second{basis=\"measured\",device=\"cuda:0\"}"
                  + " 1.8E12");
      // A result in fp16, with another name for the card.
      metrics.show(new PublishedResult(workerResult("good-3"), false, null));
      metrics.devices(List.of(card));
      assertThat(ofDevices(metrics))
          .anyMatch(line -> line.contains("\"fp16\"") && line.endsWith(" 1.0E13"))
          .anyMatch(line -> line.contains("\"bf16\"") && line.endsWith(" 4.0E14"))
          .anyMatch(line -> line.contains("name=\"Fake\""))
          .noneMatch(line -> line.contains("name=\"Card\""));
      metrics.deviceUnused("cuda:0");
      assertThat(ofDevices(metrics)).hasSize(6).anyMatch(line -> line.contains("name=\"Card\""));
      metrics.devices(List.of());
      assertThat(ofDevices(metrics)).isEmpty();
    }
  }

  private static List<String> ofDevices(DaemonMetrics metrics) throws IOException {
    metrics.publish();
    return series(metrics, Format.TEXT).stream()
        .filter(line -> line.matches("flopmeter_device_(info|peak).*"))
        .toList();
  }

  @Test
  void everyMetricOfAResultIsPublished() throws Exception {
    Result result = workerResult("good-3");
    try (DaemonMetrics metrics = new DaemonMetrics(config(20_000), "1", () -> NOW)) {
      metrics.count(result);
      metrics.show(new PublishedResult(result, false, 0.001));
      metrics.publish();
      List<String> series = series(metrics, Format.TEXT);
      assertThat(Metric.all())
          .filteredOn(
              metric ->
                  metric.part() != Part.ESSENTIALS
                      && !metric.name().equals("flopmeter_run_duration_seconds")
                      && !metric.name().matches("flopmeter_(node|server)_.*"))
          .allSatisfy(
              metric ->
                  assertThat(series)
                      .as(metric.name())
                      .anyMatch(line -> line.matches(metric.name() + "(_count)?[{ ].*")));
    }
  }

  private static Result workerResult(String model) throws IOException {
    Process worker =
        new ProcessBuilder(
                FakeWorker.SCRIPT.toString(),
                "profile",
                model,
                "--device",
                "cuda:0",
                "--precision",
                "fp16")
            .start();
    String[] lines =
        new String(worker.getInputStream().readAllBytes(), StandardCharsets.UTF_8).split("\n");
    String json = lines[lines.length - 1];
    assertThat(ProfileSchema.complaints(json)).isEmpty();
    return Result.of("w0", ProfileJson.read(json));
  }
}
