package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.flopmeter.grafana.Dashboards;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real daemon, a real Prometheus, and every query of every panel. */
class PrometheusDaemonTest {
  @TempDir private Path folder;

  @Test
  void everyPanelOfEveryDashboardShowsSomething() throws Exception {
    Path config =
        Files.writeString(
            folder.resolve("f.yaml"),
            """
            http: {listen: "127.0.0.1:0"}
            workloads:
              vision: {model: good-30, device: all, interval: 1s, jitter: 0%, batch: [1, 8], precision: [fp32, fp16]}
              broken: {model: refuse, device: cpu, interval: 1s}
              suspect: {model: invalid-3, device: cpu, interval: 1s, jitter: 0%}
            history: {folder: kept}
            node: {interval: 1s, price_per_gpu_hour: 2}
            servers:
              one: {model: llama-8b, gpu: GPU-fake-0}
              two: {instance: "sglang.lab:8000", gpu: [GPU-fake-0, GPU-fake-1]}
            # Nobody listens there, so each push fails.
            otlp: {enabled: true, url: "http://127.0.0.1:9/v1/metrics", interval: 1s}
            """);
    TlsTest.certificate(folder);
    Path secured =
        Files.writeString(
            folder.resolve("tls.yaml"),
            """
            http: {listen: "127.0.0.1:0", tls: {certificate: cert.pem, key: key.pem}}
            workloads: {resting: {model: good-3, device: cpu, interval: 1h}}
            history: {folder: none}
            """);
    try (DaemonProcess daemon =
            DaemonProcess.start(config, Map.of("FAKE_DEVICES", "cuda:0 cuda:1 cpu"));
        DaemonProcess behindTls = DaemonProcess.start(secured, Map.of());
        RecordedServers servers = RecordedServers.start();
        PrometheusProcess prometheus =
            PrometheusProcess.start(
                folder,
                "[{targets: ['127.0.0.1:%d']}, {targets: ['127.0.0.1:%d'], labels: {__scheme__: https}}, %s]"
                    .formatted(daemon.port, behindTls.port, servers.targets()),
                "1s",
                true)) {
      await()
          .atMost(Duration.ofMinutes(1))
          .until(
              () ->
                  !prometheus
                      .client
                      .query("flopmeter_inference_latency_baseline_seconds")
                      .isEmpty());
      checked(daemon);
      // Rates need a second scrape after each counter has begun to move.
      await()
          .atMost(Duration.ofMinutes(1))
          .pollInterval(Duration.ofSeconds(1))
          .untilAsserted(() -> assertThat(failing(prometheus)).isEmpty());
      // The daemon's peak of each GPU in bf16 is 2e13 FLOP/s. A panel has data as soon as the first
      // server has, and one rule may be a scrape ahead of another: both settle within some scrapes.
      await()
          .atMost(Duration.ofMinutes(1))
          .pollInterval(Duration.ofSeconds(1))
          .untilAsserted(
              () ->
                  assertThat(
                          prometheus.client.query(
                              "round(server:flopmeter_llm_flop:rate5m"
                                  + " / server:flopmeter_llm_mfu:ratio, 1e12) == 2e13"))
                      .extracting(series -> series.labels().get("server"))
                      .containsExactlyInAnyOrder("vllm", "sglang", "sglang"));
      assertThat(prometheus.client.query("flopmeter_measurement_valid{workload=\"suspect\"} == 0"))
          .isNotEmpty();
      assertThat(showingTheInvalid(prometheus)).isEmpty();
    }
  }

  /** The fleet's figures that include an invalid result. */
  private static List<String> showingTheInvalid(PrometheusProcess prometheus) throws Exception {
    List<String> expressions = new ArrayList<>();
    for (Dashboards.Query query : Dashboards.queries()) {
      if (query.dashboard().endsWith("Fleet")
          || query.panel().startsWith("MFU of the workloads")
          || query.panel().equals("MFU from counters")) {
        expressions.add(query.withVariables("1m"));
      }
    }
    expressions.add("{__name__=~\"(workload|model|device_name|fleet):.+\"}");
    List<String> showing = new ArrayList<>();
    for (String expression : expressions) {
      prometheus.client.query(expression).stream()
          .filter(
              series ->
                  series.labels().containsValue("suspect")
                      || series.labels().containsValue("invalid-3"))
          .forEach(series -> showing.add(expression + ": " + series.labels()));
    }
    return showing;
  }

  private void checked(DaemonProcess daemon) throws Exception {
    Path metrics = Files.writeString(folder.resolve("metrics.txt"), daemon.metrics());
    Process promtool =
        new ProcessBuilder("promtool", "check", "metrics")
            .redirectInput(metrics.toFile())
            .redirectErrorStream(true)
            .start();
    String said = new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(promtool.waitFor()).as(said).isZero();
  }

  private static List<String> failing(PrometheusProcess prometheus) throws Exception {
    List<String> failing = new ArrayList<>();
    for (Dashboards.Query query : Dashboards.queries()) {
      String expression = query.withVariables("1m");
      try {
        if (prometheus.client.query(expression).isEmpty()) {
          failing.add(query + " is empty: " + expression);
        }
      } catch (IOException e) {
        failing.add(query + ": " + e.getMessage() + ": " + expression);
      }
    }
    return failing;
  }
}
