package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.awaitility.Awaitility.await;

import at.favre.lib.crypto.bcrypt.BCrypt;
import dev.flopmeter.result.ProfileJson;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Runs on request, over HTTP, with scripts as worker processes. */
class RunRequestsTest {
  private static final String HASH = BCrypt.withDefaults().hashToString(4, "p".toCharArray());
  private static final String RUNS = "/api/v1/workloads/w/runs";

  @TempDir private Path folder;

  private final HttpClient http = HttpClient.newHttpClient();
  private Daemon daemon;

  private void configure(String workloads, String users) throws IOException {
    Files.writeString(
        folder.resolve("f.yaml"),
        """
        workloads: {%s, theirs: {model: m, imported: true}}
        http: {listen: "127.0.0.1:0", users: {%s}}
        history: {folder: kept}
        """
            .formatted(workloads, users));
  }

  /** A daemon whose first runs are finished. */
  private void start(String workloads, Map<String, String> environment) throws Exception {
    configure(workloads, "me: \"" + HASH + "\"");
    begin(environment);
    await().until(() -> json(get("/api/v1/workloads")).at("/workloads/0/last_outcome").isString());
  }

  private void begin(Map<String, String> environment) throws Exception {
    daemon = DaemonInProcess.start(folder.resolve("f.yaml"), FakeWorker.command(environment));
  }

  @AfterEach
  void stop() throws IOException {
    daemon.close();
  }

  private HttpResponse<String> send(String method, String path, String password, BodyPublisher body)
      throws Exception {
    byte[] credentials = ("me:" + password).getBytes(StandardCharsets.UTF_8);
    return http.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + daemon.address().getPort() + path))
            .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(credentials))
            .timeout(Duration.ofSeconds(60))
            .method(method, body)
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private HttpResponse<String> get(String path) throws Exception {
    return send("GET", path, "p", BodyPublishers.noBody());
  }

  private HttpResponse<String> post(String path) throws Exception {
    return send("POST", path, "p", BodyPublishers.noBody());
  }

  private static JsonNode json(HttpResponse<String> response) {
    return JsonMapper.shared().readTree(response.body());
  }

  private static String location(HttpResponse<String> accepted) {
    assertThat(accepted.statusCode()).as(accepted.body()).isEqualTo(202);
    return accepted.headers().firstValue("Location").orElseThrow();
  }

  private String state(String location) throws Exception {
    return json(get(location)).get("state").asString();
  }

  private JsonNode ended(String location) throws Exception {
    await().until(() -> List.of("done", "failed").contains(state(location)));
    return json(get(location));
  }

  @Test
  void aRunIsQueuedRunsAndHasItsResults() throws Exception {
    start(
        "w: {model: good, device: cpu, batch: [1, 8], precision: [fp32, bf16], interval: 1h}",
        Map.of("FAKE_DELAY", "1"));
    await().until(() -> json(get("/api/v1/results")).get("results").size() == 4);

    HttpResponse<String> accepted = post(RUNS);
    String location = location(accepted);
    assertThat(location).startsWith(RUNS + "/");
    assertThat(json(accepted).get("results")).isEmpty();
    await().until(() -> state(location).equals("running"));
    await()
        .until(
            () -> {
              JsonNode target = json(get(location)).at("/targets/0");
              return target.path("phase").asString("").equals("prepare")
                  && target.get("done").asDouble() == 0.1;
            });

    JsonNode done = ended(location);
    assertThat(done.get("state").asString()).isEqualTo("done");
    assertThat(done.get("done").asDouble()).isEqualTo(1);
    assertThat(done.at("/targets/0/outcome").asString()).isEqualTo("success");
    assertThat(done.get("results")).hasSize(4);
    assertThat(done.get("results"))
        .allSatisfy(
            result ->
                assertThat(ProfileJson.read(result.toString()).layers()).as("layers").hasSize(3));
    assertThat(json(get("/api/v1/results")).get("results")).hasSize(8);
    JsonNode listed = json(get(RUNS)).get("runs");
    assertThat(listed).hasSize(1);
    assertThat(listed.get(0).get("id")).isEqualTo(done.get("id"));
    assertThat(listed.get(0).has("results")).isFalse();
  }

  @Test
  void aSecondRequestJoinsAQueuedRunAndALaterOneStartsANewRun() throws Exception {
    start("w: {model: good, device: cpu, interval: 1h}", Map.of("FAKE_DELAY", "2"));
    String first = location(post(RUNS));
    await().until(() -> state(first).equals("running"));
    String second = location(post(RUNS));
    assertThat(second).isNotEqualTo(first);
    assertThat(location(post(RUNS))).isEqualTo(second);
    assertThat(state(second)).isEqualTo("queued");
    assertThat(ended(second).get("results")).hasSize(1);
    assertThat(json(get("/api/v1/results")).get("results")).hasSize(3);
  }

  @Test
  void onABusyDeviceNothingRuns() throws Exception {
    start(
        "w: {model: good, device: 'cuda:0', interval: 1h, only_when: {utilization_below: 10%}}",
        Map.of("FAKE_BUSY", "0.9"));
    JsonNode refused = ended(location(post(RUNS)));
    assertThat(refused.get("state").asString()).isEqualTo("failed");
    assertThat(refused.at("/targets/0/outcome").asString()).isEqualTo("skipped_busy");
    assertThat(refused.at("/targets/0/reason").asString()).isEqualTo("is 90% busy");
    assertThat(refused.get("results")).isEmpty();
  }

  @Test
  void aFailedRunHasItsReason() throws Exception {
    start("w: {model: refuse, device: cpu, interval: 1h}", Map.of());
    JsonNode failed = ended(location(post(RUNS)));
    assertThat(failed.get("state").asString()).isEqualTo("failed");
    assertThat(failed.at("/targets/0/outcome").asString()).isEqualTo("failed");
    assertThat(failed.at("/targets/0/reason").asString())
        .isEqualTo("exit code 2: flopmeter: model: no operator Frobnicate; use another model");
  }

  @Test
  void anotherConfigurationEndsQueuedRuns() throws Exception {
    start("w: {model: good, device: cpu, interval: 1h}", Map.of("FAKE_DELAY", "2"));
    String running = location(post(RUNS));
    await().until(() -> state(running).equals("running"));
    String queued = location(post(RUNS));
    configure("w: {model: good-5, device: cpu, interval: 1h}", "me: \"" + HASH + "\"");
    assertThat(daemon.reload()).isEmpty();
    assertThat(ended(queued).at("/targets/0/reason").asString()).contains("have changed");
    assertThat(ended(running).at("/targets/0/outcome").asString()).isEqualTo("stopped");
  }

  @Test
  void whileTheDaemonStopsNothingIsQueued() throws Exception {
    configure("w: {model: stubborn, device: cpu, interval: 1h}", "me: \"" + HASH + "\"");
    begin(Map.of());
    await().until(() -> json(get("/api/v1/workloads")).at("/workloads/0/running").asBoolean());
    // It waits for its worker, which ignores SIGTERM.
    Thread closing =
        new Thread(() -> assertThatCode(() -> daemon.close()).doesNotThrowAnyException());
    closing.start();
    await()
        .pollInterval(Duration.ofMillis(300)) // the server accepts 10 requests per minute
        .until(() -> post(RUNS).statusCode() == 503);
    HttpResponse<String> refused = post(RUNS);
    assertThat(refused.statusCode()).isEqualTo(503);
    assertThat(refused.headers().firstValue("Retry-After")).isPresent();
    closing.join();
  }

  @Test
  void withoutAPasswordNothingIsStarted() throws Exception {
    configure("w: {model: good, device: cpu, interval: 1h}", "");
    begin(Map.of());
    HttpResponse<String> refused = post(RUNS);
    assertThat(refused.statusCode()).isEqualTo(403);
    assertThat(refused.body()).contains("requires a password; add http.users");
    assertThat(json(get(RUNS)).get("runs")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          POST,   w,      wrong, '',   401, name and password required
          POST,   nobody, p,     '',   404, no workload of this name
          GET,    nobody, p,     '',   404, no workload of this name
          PUT,    w,      p,     '',   405, 'use POST, GET'
          DELETE, w,      p,     '',   405, 'use POST, GET'
          POST,   w,      p,     '{}', 400, the request must have no body
          POST,   theirs, p,     '',   409, theirs is imported
          """)
  void requestsThatAreRejected(
      String method, String workload, String password, String body, int status, String why)
      throws Exception {
    start("w: {model: good, device: cpu, interval: 1h}", Map.of());
    HttpResponse<String> refused =
        send(
            method,
            RUNS.replace("/w/", "/" + workload + "/"),
            password,
            BodyPublishers.ofString(body));
    assertThat(refused.statusCode()).isEqualTo(status);
    assertThat(json(refused).get("error").asString()).startsWith(why);
    if (status == 405) {
      assertThat(refused.headers().firstValue("Allow")).contains("POST, GET");
    }
    assertThat(json(get(RUNS)).get("runs")).isEmpty();
  }

  @Test
  void aRunIsOnlyRead() throws Exception {
    start("w: {model: good, device: cpu, interval: 1h}", Map.of());
    assertThat(get(RUNS + "/nothing").statusCode()).isEqualTo(404);
    HttpResponse<String> refused = post(RUNS + "/nothing");
    assertThat(refused.statusCode()).isEqualTo(405);
    assertThat(refused.headers().firstValue("Allow")).contains("GET");
    assertThat(post(RUNS + "?precision=fp16").statusCode()).isEqualTo(400);
  }

  @Test
  void tooManyRequestsAreRejectedForAWhile() throws Exception {
    start("w: {model: good, device: cpu, interval: 1h}", Map.of("FAKE_DELAY", "1"));
    for (int i = 0; i < RunRequests.MOST_A_MINUTE; i++) {
      assertThat(post(RUNS).statusCode()).isEqualTo(202);
    }
    HttpResponse<String> refused = post(RUNS);
    assertThat(refused.statusCode()).isEqualTo(429);
    assertThat(refused.headers().firstValue("Retry-After").map(Integer::parseInt).orElseThrow())
        .isBetween(1, 61);
  }
}
