package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;

import at.favre.lib.crypto.bcrypt.BCrypt;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.SampleResult;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Results sent to a real daemon: who may send them, what is accepted, and that each is accepted
 * once.
 */
class ImportsTest {
  /** Recent, because the daemon uses the real clock and deletes old results. */
  private static final Instant AT = Instant.now().truncatedTo(ChronoUnit.SECONDS);

  private static final String JSON =
      ProfileJson.writeLine(
          SampleResult.of(AT, 0.002, true, List.of(SampleResult.layer("conv", 0.001))));

  @TempDir private Path folder;

  private final HttpClient http = HttpClient.newHttpClient();

  private DaemonProcess daemon(String http) throws Exception {
    Path config =
        Files.writeString(
            folder.resolve("f.yaml"),
            // A busy machine may need a long time for 4 MiB.
            "http: {request_time: 5m, response_time: 5m, listen: \"127.0.0.1:0\""
                + http
                + "}\nhistory: {folder: kept}\nworkloads:\n"
                + "  vision: {model: resnet50 on TensorRT, imported: true, batch: [1, 8]}\n"
                + "  own: {model: good, device: cpu, interval: 1h}\n");
    return DaemonProcess.start(config, Map.of());
  }

  private DaemonProcess daemon() throws Exception {
    return daemon(
        ", users: {me: \"" + BCrypt.withDefaults().hashToString(4, "p".toCharArray()) + "\"}");
  }

  private String post(DaemonProcess daemon, String workload, String password, String body)
      throws Exception {
    String credentials =
        Base64.getEncoder().encodeToString(("me:" + password).getBytes(StandardCharsets.UTF_8));
    HttpResponse<String> response =
        http.send(
            HttpRequest.newBuilder(
                    URI.create(
                        "http://127.0.0.1:" + daemon.port + "/api/v1/import?workload=" + workload))
                .header("Authorization", "Basic " + credentials)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build(),
            BodyHandlers.ofString());
    return response.statusCode() + " " + response.body().strip();
  }

  private String get(DaemonProcess daemon, String path) throws Exception {
    String credentials =
        Base64.getEncoder().encodeToString("me:p".getBytes(StandardCharsets.UTF_8));
    return http.send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + daemon.port + path))
                .header("Authorization", "Basic " + credentials)
                .build(),
            BodyHandlers.ofString())
        .body();
  }

  private static int count(String text, String part) {
    return text.split(part, -1).length - 1;
  }

  @Test
  void aResultIsKeptAndPublishedOnce() throws Exception {
    try (DaemonProcess daemon = daemon()) {
      assertThat(post(daemon, "vision", "p", JSON)).isEqualTo("200 imported");
      assertThat(post(daemon, "vision", "p", JSON)).isEqualTo("200 known already");

      String metrics = get(daemon, "/metrics");
      assertThat(metrics)
          .contains("flopmeter_inferences_total{backend=\"djl\",batch=\"1\",device=\"cpu\"")
          .contains("flopmeter_layer_duration_seconds{")
          .contains("flopmeter_last_success_timestamp_seconds{workload=\"vision\"}")
          .doesNotContain("flopmeter_workload_consecutive_failures{device=\"auto\"");
      assertThat(metrics.lines())
          .anyMatch(
              line ->
                  line.startsWith("flopmeter_inferences_total{")
                      && line.contains("workload=\"vision\"")
                      && line.endsWith(" 4.0"));
      String results = get(daemon, "/api/v1/results?workload=vision&layers=true");
      assertThat(count(results, "\"number\"")).isEqualTo(1);
      assertThat(results).contains("\"conv\"").doesNotContain("raw_seconds");
      assertThat(get(daemon, "/")).contains("resnet50 on TensorRT");
    }
    try (DaemonProcess again = daemon()) {
      assertThat(post(again, "vision", "p", JSON)).isEqualTo("200 known already");
    }
  }

  @Test
  void invalidImportsAreRejectedWithOneLine() throws Exception {
    try (DaemonProcess daemon = daemon()) {
      assertThat(post(daemon, "vision", "wrong", JSON)).startsWith("401 ");
      assertThat(post(daemon, "own", "p", JSON))
          .startsWith("400 ")
          .contains("own does not take imported results; set workloads.NAME.imported");
      assertThat(post(daemon, "", "p", JSON)).startsWith("400 ");
      assertThat(post(daemon, "vision", "p", "{\"schema\":\"flopmeter.count/1\"}"))
          .startsWith("400 ")
          .contains("the result cannot be read: schema must be")
          .hasLineCount(1);
      assertThat(post(daemon, "vision", "p", JSON.substring(0, 200))).startsWith("400 ");
      assertThat(post(daemon, "vision", "p", JSON.replace("\"batch\":1", "\"batch\":2")))
          .isEqualTo("400 {\"error\":\"workload vision: fp32 or batch 2 is not configured\"}");
      assertThat(post(daemon, "vision", "p", " ".repeat(Imports.MOST_BYTES) + JSON))
          .isEqualTo("413 {\"error\":\"the result is larger than 4 MiB\"}");
      assertThat(get(daemon, "/api/v1/results?workload=vision")).isEqualTo("{\"results\":[]}");
    }
  }

  @Test
  void noRequestMakesSeriesWithoutEnd() throws Exception {
    try (DaemonProcess daemon = daemon()) {
      for (int i = 0; i < 16; i++) {
        String other = JSON.replace("\"name\":\"m\"", "\"name\":\"m" + i + "\"");
        assertThat(post(daemon, "vision", "p", other)).isEqualTo("200 imported");
      }
      assertThat(post(daemon, "vision", "p", JSON))
          .contains("has 16 series of other models, devices or backends; name another workload");
    }
  }

  @Test
  void withoutPasswordsNoResultIsAccepted() throws Exception {
    try (DaemonProcess daemon = daemon("")) {
      assertThat(post(daemon, "vision", "p", JSON))
          .isEqualTo("403 {\"error\":\"importing requires a password; add http.users\"}");
    }
  }
}
