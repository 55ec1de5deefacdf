package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pushing to a receiver that is there, and to one that is not. */
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
          url: "http://127.0.0.1:%d/v1/metrics"
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
      assertThat(pushLines(daemon)).hasSize(2).last().asString().contains("works again");
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
