package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.metrics.v1.AggregationTemporality;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import io.opentelemetry.proto.metrics.v1.ResourceMetrics;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pushes to a receiver that is available, and to one that is not. */
class OtlpPushTest {
  @TempDir private Path folder;

  private Path config(int port) throws Exception {
    return Files.writeString(
        folder.resolve("f.yaml"),
        """
        http: {listen: "127.0.0.1:0"}
        workloads: {w: {model: good-3, device: cpu, interval: 1h}}
        history: {folder: none}
        otlp:
          enabled: true
          url: "http://u:hunter2@127.0.0.1:%d/v1/metrics?token=hunter2"
          interval: 1s
          headers: {Authorization: "Bearer hunter2"}
        """
            .formatted(port));
  }

  @Test
  void resultsReachTheReceiverWithTheHeader() throws Exception {
    AtomicReference<String> authorization = new AtomicReference<>("");
    AtomicReference<String> body = new AtomicReference<>("");
    HttpServer receiver =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    receiver.createContext(
        "/v1/metrics",
        exchange -> {
          authorization.set(exchange.getRequestHeaders().getFirst("Authorization"));
          // Protobuf keeps names as they are.
          body.set(
              new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.ISO_8859_1));
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    receiver.start();
    try (DaemonProcess daemon =
        DaemonProcess.start(config(receiver.getAddress().getPort()), Map.of())) {
      await()
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(
              () ->
                  assertThat(body.get())
                      .contains("service.instance.id", "layer0.conv")
                      .contains("flopmeter_model_macs", "flopmeter_runs"));
      assertThat(authorization.get()).isEqualTo("Bearer hunter2");
      assertThat(Files.readString(daemon.log)).doesNotContain("hunter2");
    } finally {
      receiver.stop(0);
    }
  }

  @Test
  void gpusAreDescribedByOpenTelemetrysConventionsWhereTheConfigurationAsksForThem()
      throws Exception {
    Map<String, Metric> pushed = new ConcurrentHashMap<>();
    Map<String, String> resource = new ConcurrentHashMap<>();
    HttpServer receiver =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    receiver.createContext(
        "/v1/metrics",
        exchange -> {
          ExportMetricsServiceRequest request =
              ExportMetricsServiceRequest.parseFrom(new GZIPInputStream(exchange.getRequestBody()));
          for (ResourceMetrics each : request.getResourceMetricsList()) {
            each.getResource()
                .getAttributesList()
                .forEach(pair -> resource.put(pair.getKey(), pair.getValue().getStringValue()));
            each.getScopeMetricsList().stream()
                .flatMap(scope -> scope.getMetricsList().stream())
                .forEach(metric -> pushed.put(metric.getName(), metric));
          }
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    receiver.start();
    Path config =
        Files.writeString(
            folder.resolve("f.yaml"),
            """
            http: {listen: "127.0.0.1:0"}
            workloads: {w: {model: good-3, device: cpu, interval: 1h}}
            history: {folder: none}
            node: {interval: 1s}
            otlp: {enabled: true, conventions: opentelemetry}
            """);
    Map<String, String> environment =
        Map.of(
            "OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:" + receiver.getAddress().getPort(),
            "OTEL_EXPORTER_OTLP_COMPRESSION", "gzip",
            "OTEL_METRIC_EXPORT_INTERVAL", "1000",
            "OTEL_SERVICE_NAME", "gpus of the lab");
    try (DaemonProcess daemon = DaemonProcess.start(config, environment)) {
      await()
          .atMost(Duration.ofSeconds(60))
          .untilAsserted(
              () ->
                  assertThat(pushed)
                      .as(() -> daemon.metrics())
                      .containsKeys("hw.gpu.utilization", "flopmeter_model_macs"));
    } finally {
      receiver.stop(0);
    }
    assertThat(resource).containsEntry("service.name", "gpus of the lab").containsKey("host.name");
    assertThat(pushed)
        .doesNotContainKeys(
            "flopmeter_node_utilization_ratio",
            "flopmeter_node_memory_used_bytes",
            "flopmeter_node_power_watts",
            "flopmeter_node_temperature_celsius",
            "flopmeter_node_energy_joules")
        .containsKey("flopmeter_node_seconds");
    Metric utilization = pushed.get("hw.gpu.utilization");
    assertThat(utilization.getUnit()).isEqualTo("1");
    assertThat(values(utilization.getGauge().getDataPointsList(), "hw.id"))
        .containsEntry("GPU-fake-0", 0.9)
        .containsEntry("GPU-fake-1", 0.0);
    assertThat(attributes(utilization.getGauge().getDataPoints(0)))
        .containsEntry("hw.type", "gpu")
        .containsEntry("hw.gpu.task", "general")
        .containsEntry("hw.vendor", "NVIDIA")
        .containsKeys("hw.name", "hw.model");
    for (String name : List.of("hw.gpu.memory.usage", "hw.gpu.memory.limit")) {
      Metric memory = pushed.get(name);
      assertThat(memory.getUnit()).isEqualTo("By");
      assertThat(memory.hasSum()).as("an UpDownCounter").isTrue();
      assertThat(memory.getSum().getIsMonotonic()).isFalse();
      assertThat(memory.getSum().getAggregationTemporality())
          .isEqualTo(AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE);
      assertThat(values(memory.getSum().getDataPointsList(), "hw.id"))
          .containsEntry("GPU-fake-0", name.endsWith("usage") ? 4e9 : 8e9);
    }
    List<String> attributes = List.of("hw.id", "hw.type", "hw.name");
    Metric power = pushed.get("hw.power");
    assertThat(power.getUnit()).isEqualTo("W");
    assertThat(values(power.getGauge().getDataPointsList(), "hw.id"))
        .containsExactly(Map.entry("GPU-fake-0", 250.5));
    assertThat(attributes(power.getGauge().getDataPoints(0)).keySet())
        .containsExactlyInAnyOrderElementsOf(attributes);
    Metric temperature = pushed.get("hw.temperature");
    assertThat(temperature.getUnit()).isEqualTo("Cel");
    assertThat(values(temperature.getGauge().getDataPointsList(), "hw.name"))
        .containsExactly(Map.entry("gpu:0", 61.0));
    Metric energy = pushed.get("hw.energy");
    assertThat(energy.getUnit()).isEqualTo("J");
    assertThat(energy.getSum().getIsMonotonic()).as("a Counter").isTrue();
    assertThat(values(energy.getSum().getDataPointsList(), "hw.type"))
        .containsExactly(Map.entry("gpu", 90000.25));
    Metric errors = pushed.get("hw.errors");
    assertThat(errors.getUnit()).isEqualTo("{error}");
    assertThat(errors.getSum().getIsMonotonic()).isTrue();
    assertThat(errors.getSum().getAggregationTemporality())
        .isEqualTo(AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE);
    assertThat(values(errors.getSum().getDataPointsList(), "error.type"))
        .isEqualTo(Map.of("uncorrected", 0.0, "corrected", 5.0, "pcie_replay", 3.0));
    assertThat(pushed.get("hw.status").getSum().getDataPointsList())
        .anyMatch(
            point -> attributes(point).get("hw.state").equals("ok") && point.getAsDouble() == 1)
        .anyMatch(
            point ->
                attributes(point).get("hw.state").equals("failed") && point.getAsDouble() == 0);
  }

  private static Map<String, Double> values(List<NumberDataPoint> points, String by) {
    return points.stream()
        .collect(
            Collectors.toMap(point -> attributes(point).get(by), NumberDataPoint::getAsDouble));
  }

  private static Map<String, String> attributes(NumberDataPoint point) {
    return point.getAttributesList().stream()
        .collect(Collectors.toMap(KeyValue::getKey, pair -> pair.getValue().getStringValue()));
  }

  @Test
  void aReceiverThatFailsCostsALineUntilTheCauseChanges() throws Exception {
    AtomicInteger pushes = new AtomicInteger();
    AtomicInteger status = new AtomicInteger(503);
    HttpServer receiver =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    receiver.createContext(
        "/v1/metrics",
        exchange -> {
          exchange.getRequestBody().readAllBytes();
          byte[] answer = ("try " + pushes.incrementAndGet()).getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(status.get(), answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    receiver.start();
    try (DaemonProcess daemon =
        DaemonProcess.start(config(receiver.getAddress().getPort()), Map.of())) {
      await()
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(
              () ->
                  assertThat(daemon.metrics())
                      .containsPattern("flopmeter_otlp_push_failures_total [3-9]")
                      .contains("flopmeter_capability{feature=\"otlp\"} 0.0"));
      assertThat(pushLines(daemon))
          .singleElement()
          .asString()
          .contains("WARN", "HTTP status 503", "see otlp.url");
      status.set(200);
      await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> daemon.metrics().contains("flopmeter_capability{feature=\"otlp\"} 1.0"));
      assertThat(pushLines(daemon)).hasSize(2).last().asString().contains("succeed again");
    } finally {
      receiver.stop(0);
    }
  }

  private static List<String> pushLines(DaemonProcess daemon) throws IOException {
    return Files.readString(daemon.log).lines().filter(line -> line.contains("otlp:")).toList();
  }

  @Test
  void aReceiverThatIsNotThereCostsALineAndNoSecret() throws Exception {
    try (DaemonProcess daemon = DaemonProcess.start(config(1), Map.of())) {
      await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> daemon.metrics().contains("flopmeter_model_macs{"));
      await()
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(
              () ->
                  assertThat(daemon.metrics())
                      .containsPattern("flopmeter_otlp_push_failures_total [2-9]"));
      String log = Files.readString(daemon.log);
      assertThat(log).doesNotContain("hunter2").doesNotContain("\tat ");
      assertThat(pushLines(daemon)).singleElement().asString().contains("Connection refused");
    }
  }
}
