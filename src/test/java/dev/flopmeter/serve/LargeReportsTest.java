package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A daemon with the heap that it is started with, and results of 5,000 layers. */
class LargeReportsTest {
  @TempDir private Path folder;

  private static HttpRequest request(DaemonProcess daemon, String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + daemon.port + path))
        .timeout(Duration.ofMinutes(2))
        .build();
  }

  @Test
  void thatManyClientsAskForAtOnceLeaveTheDaemonAlive() throws Exception {
    Path config =
        Files.writeString(
            folder.resolve("f.yaml"),
            """
            http: {listen: "127.0.0.1:0"}
            workloads: {w: {model: good-5000, device: cpu, interval: 1h, batch: [1, 8]}}
            history: {folder: kept}
            """);
    HttpClient http = HttpClient.newHttpClient();
    try (DaemonProcess daemon = DaemonProcess.start(config, Map.of())) {
      await()
          .atMost(Duration.ofMinutes(2))
          .until(() -> daemon.metrics().contains("flopmeter_model_macs{"));
      for (String path : List.of("/report/w", "/api/v1/latest")) {
        List<CompletableFuture<HttpResponse<String>>> answers =
            IntStream.range(0, 20)
                .mapToObj(
                    i ->
                        http.sendAsync(request(daemon, path), HttpResponse.BodyHandlers.ofString()))
                .toList();
        assertThat(answers)
            .extracting(answer -> answer.join().statusCode())
            .contains(200)
            .isSubsetOf(200, 503);
      }
      String page = daemon.get("/report/w").body();
      assertThat(page).contains("layer4999.conv").doesNotContain("layer0.conv").contains("other");
    }
  }
}
