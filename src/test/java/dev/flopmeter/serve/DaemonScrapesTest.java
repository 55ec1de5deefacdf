package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import at.favre.lib.crypto.bcrypt.BCrypt;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Who may scrape the daemon, in which formats, how many at once, and how much data they get. */
class DaemonScrapesTest extends DaemonOverHttp {
  @Test
  void withAPasswordOnlyItsHolderIsAdmitted() throws Exception {
    String hash = BCrypt.withDefaults().hashToString(6, "secret word".toCharArray());
    start(
        "workloads: {w: {model: good, device: cpu}}\nhttp: {listen: \"127.0.0.1:0\", users: {me: \""
            + hash
            + "\"}}",
        Map.of());
    assertThat(send(request("/metrics")).statusCode()).isEqualTo(401);
    assertThat(send(as("me", "wrong")).statusCode()).isEqualTo(401);
    assertThat(send(as("you", "secret word")).statusCode()).isEqualTo(401);
    assertThat(send(as("me", "secret word")).statusCode()).isEqualTo(200);
    HttpResponse<String> again = send(as("me", "secret word"));
    assertThat(again.statusCode()).isEqualTo(200);
    assertThat(again.body()).doesNotContain(hash).doesNotContain("secret");
    assertThat(send(request("/-/healthy")).statusCode()).isEqualTo(200);
    assertThat(send(request("/nothing")).statusCode()).isEqualTo(401);
  }

  private HttpRequest.Builder as(String user, String password) {
    String token =
        Base64.getEncoder()
            .encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    return request("/metrics").header("Authorization", "Basic " + token);
  }

  @Test
  void openMetricsAndGzipForWhoAsks() throws Exception {
    start("workloads: {w: {model: good, device: cpu, interval: 1h}}", Map.of());
    await().until(() -> runs("w", "success") == 1);
    String open =
        send(request("/metrics").header("Accept", "application/openmetrics-text;version=1.0.0"))
            .body();
    assertThat(open).endsWith("# EOF\n").contains("flopmeter_runs_created{");
    assertThat(open.indexOf("# EOF")).isEqualTo(open.length() - 6);
    byte[] packed =
        http.send(
                request("/metrics").header("Accept-Encoding", "gzip").build(),
                HttpResponse.BodyHandlers.ofByteArray())
            .body();
    try (java.util.zip.GZIPInputStream in =
        new java.util.zip.GZIPInputStream(new java.io.ByteArrayInputStream(packed))) {
      assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8))
          .contains("flopmeter_model_macs{", "process_resident_memory_bytes");
    }
  }

  @Test
  void fiveHundredScrapesAtOnceAreAllAnswered() throws Exception {
    // In a separate process, with enough time for a busy machine.
    configure(
        "workloads: {w: {model: good-50, device: cpu, interval: 1h}}\n"
            + "http: {listen: \"127.0.0.1:0\", request_time: 5m, response_time: 5m}");
    try (DaemonProcess process = DaemonProcess.start(folder.resolve("f.yaml"), Map.of())) {
      await()
          .atMost(Duration.ofMinutes(5))
          .until(() -> process.get("/metrics").body().contains("flopmeter_model_macs{"));
      URI uri = URI.create("http://127.0.0.1:" + process.port + "/metrics");
      List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
      for (int i = 0; i < 500; i++) {
        HttpRequest request = HttpRequest.newBuilder(uri).build();
        all.add(http.sendAsync(request, HttpResponse.BodyHandlers.ofString()));
      }
      assertThat(all)
          .allSatisfy(
              response -> {
                assertThat(response.join().statusCode()).isEqualTo(200);
                assertThat(response.join().body()).contains("flopmeter_model_macs{");
              });
    }
  }

  @Test
  void slowClientsAreDisconnectedAndOthersAreServed() throws Exception {
    start("workloads: {w: {model: good, device: cpu, interval: 1h}}", Map.of());
    List<Socket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < 200; i++) {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), daemon.address().getPort());
        OutputStream out = socket.getOutputStream();
        out.write(
            "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ".getBytes(StandardCharsets.US_ASCII));
        out.flush();
        socket.setSoTimeout(60_000);
        slow.add(socket);
      }
      // Would never happen if the slow clients kept their threads; a busy machine may take longer
      // than a client has to send its request.
      await()
          .ignoreExceptionsInstanceOf(IOException.class)
          .atMost(Duration.ofMinutes(5))
          .until(() -> send(request("/metrics")).statusCode() == 200);
      for (Socket socket : slow) {
        assertThat(isClosed(socket)).isTrue();
      }
    } finally {
      for (Socket socket : slow) {
        socket.close();
      }
    }
  }

  private static boolean isClosed(Socket socket) throws IOException {
    try {
      return socket.getInputStream().read() < 0;
    } catch (java.net.SocketException reset) {
      return true;
    }
  }

  @Test
  void moreSeriesThanAllowedAreLeftOutAndCounted() throws Exception {
    start(
        "workloads: {w: {model: good-200, device: cpu, interval: 1h}}\n"
            + "metrics: {layers: 200, max_series: 300}",
        Map.of());
    await().until(() -> metric("flopmeter_series_limited{part=\"layers\"}") > 0);
    String scrape = get("/metrics");
    assertThat(scrape.lines().filter(line -> !line.startsWith("#")))
        .hasSizeLessThanOrEqualTo(300)
        .anyMatch(line -> line.startsWith("flopmeter_model_macs{"))
        .noneMatch(line -> line.startsWith("flopmeter_layer_duration_seconds"));
  }
}
