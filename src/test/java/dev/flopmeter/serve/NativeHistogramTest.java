package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;
import static org.awaitility.Awaitility.await;

import dev.flopmeter.grafana.Dashboards;
import dev.flopmeter.grafana.PrometheusClient;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.SampleResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real Prometheus that requests native histograms, and the quantiles it computes from them. */
class NativeHistogramTest {
  private static final int PASSES = 4000;
  private static final double[] QUANTILES = {0.5, 0.9, 0.99};

  @TempDir private Path folder;

  /** A worker that returns a result for every run, and another one for one of the models. */
  private Path worker(String result, String suspect) throws Exception {
    Files.writeString(folder.resolve("m"), result + "\n");
    Files.writeString(folder.resolve("suspect"), suspect + "\n");
    String script =
        """
        #!/bin/sh
        cd '%s' || exit 3
        case $1 in
          devices) echo '{"schema":"flopmeter.devices/1","devices":[{"id":"cpu","kind":"cpu","name":"Test"}]}' ;;
          profile) cat "$2" ;;
        esac
        """
            .formatted(folder);
    Path file = Files.writeString(folder.resolve("worker"), script);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static String result(double[] seconds, boolean isValid) {
    String passes = "\"raw_seconds\":" + Arrays.toString(seconds);
    return ProfileJson.writeLine(SampleResult.of(Instant.now(), 0.003, isValid, List.of()))
        .replaceFirst("\"raw_seconds\":\\[[^]]*]", passes);
  }

  @Test
  void prometheusTakesTheP99ThatHdrHistogramTakesFromAFifthOfTheSeries() throws Exception {
    Random random = new Random(18);
    double[] seconds =
        random
            .doubles(PASSES)
            .map(unused -> 0.003 * Math.exp(0.6 * random.nextGaussian()))
            .toArray();
    Histogram exact = new Histogram(5);
    for (double each : seconds) {
      exact.recordValue(Math.round(each * 1e9));
    }
    Path config =
        Files.writeString(
            folder.resolve("f.yaml"),
            """
            http: {listen: "127.0.0.1:0"}
            workloads:
              sound: {model: m, device: cpu, interval: 1s, jitter: 0%}
              suspect: {model: suspect, device: cpu, interval: 1h}
            history: {folder: none}
            """);
    String script = worker(result(seconds, true), result(seconds, false)).toString();
    try (DaemonProcess daemon = DaemonProcess.start(config, Map.of(), "--worker", script);
        PrometheusProcess prometheus =
            PrometheusProcess.start(
                folder,
                "[{targets: ['127.0.0.1:%d']}]".formatted(daemon.port),
                "1s",
                false,
                "--enable-feature=native-histograms")) {
      PrometheusClient client = prometheus.client;
      String passes = "flopmeter_inference_duration_seconds{workload=\"sound\"}";
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> !client.query("histogram_count(" + passes + ") > 0").isEmpty());
      for (double quantile : QUANTILES) {
        double right = exact.getValueAtPercentile(100 * quantile) / 1e9;
        double found = value(client, "histogram_quantile(" + quantile + ", " + passes + ")");
        System.out.printf(
            Locale.ROOT,
            "p%.0f of %d passes: %.3f ms by HdrHistogram, %.3f ms by the native histogram (%+.1f"
                + " %%)%n",
            100 * quantile,
            PASSES,
            1e3 * right,
            1e3 * found,
            100 * (found / right - 1));
        assertThat(found).isCloseTo(right, withinPercentage(5));
      }
      String all = "{__name__=~\"flopmeter_inference_duration_seconds.*\"}";
      double stored = value(client, "count(" + all + ")");
      long classic =
          daemon
              .metrics()
              .lines()
              .filter(line -> line.startsWith("flopmeter_inference_duration_seconds"))
              .count();
      System.out.printf(
          Locale.ROOT, "series: %.0f native, %d with classic buckets%n", stored, classic);
      assertThat(stored).isPositive().isLessThanOrEqualTo(classic / 5.0);
      await()
          .atMost(Duration.ofSeconds(60))
          .until(
              () -> !client.query("flopmeter_measurement_valid{workload=\"suspect\"}").isEmpty());
      assertThat(client.query("flopmeter_inference_duration_seconds{workload=\"suspect\"}"))
          .as("passes of a result that is not valid")
          .isEmpty();
      for (Dashboards.Query query : Dashboards.queries()) {
        if (query.expression().contains("_duration_seconds_")) {
          String expression = query.withVariables("1m");
          await()
              .atMost(Duration.ofSeconds(60))
              .untilAsserted(
                  () -> assertThat(client.query(expression)).as(query.toString()).isNotEmpty());
        }
      }
    }
  }

  private static double value(PrometheusClient client, String expression) throws Exception {
    return client.query(expression).get(0).last();
  }
}
