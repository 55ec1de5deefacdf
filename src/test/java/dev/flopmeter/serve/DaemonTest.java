package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.flopmeter.serve.config.ConfigReader;
import dev.flopmeter.serve.worker.WorkerCommand;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole daemon over HTTP, with scripts as worker processes. */
class DaemonTest extends DaemonOverHttp {
  @ParameterizedTest
  @CsvSource({
    "good, success",
    "refuse, failed",
    "lost, device_failed",
    "crash, crashed",
    "hang, timeout",
    "garbage, garbage",
    "huge, garbage",
    "cut, truncated",
    "memory, out_of_memory"
  })
  void countsHowRunsEnd(String model, String outcome) throws Exception {
    start(
        "workloads: {w: {model: "
            + model
            + ", device: cpu, max_time: 500ms, timeout: "
            + (model.equals("hang") ? "2s" : "5m")
            + "}}",
        Map.of());
    await().atMost(Duration.ofMinutes(5)).until(() -> runs("w", outcome) == 1);
  }

  @Test
  void aBusyDeviceIsSkippedAndCounted() throws Exception {
    start(
        "workloads: {w: {model: good, only_when: {utilization_below: 10%}}}",
        Map.of("FAKE_BUSY", "0.9"));
    await().until(() -> runs("w", "skipped_busy") == 1);
    assertThat(get("/metrics")).doesNotContain("flopmeter_model_macs{");
    assertThat(get("/metrics?name%5B%5D=flopmeter_build_info&name%5B%5D=flopmeter_series"))
        .containsOnlyOnce("# TYPE flopmeter_build_info")
        .contains("\nflopmeter_series ")
        .doesNotContain("flopmeter_runs");
  }

  @Test
  void aDeviceThatReportsNothingHasFailedAndIsNotBusy() throws Exception {
    start(
        "workloads: {w: {model: good, only_when: {utilization_below: 10%}}}",
        Map.of("FAKE_BUSY", "null"));
    await().until(() -> runs("w", "device_failed") == 1);
    assertThat(runs("w", "skipped_busy")).isZero();
  }

  @Test
  void twentyWorkloadsOnFourDevicesEachGetTheirTurn() throws Exception {
    StringBuilder yaml = new StringBuilder("workloads:\n");
    for (int i = 0; i < 20; i++) {
      yaml.append("  w").append(i).append(": {model: good-5, device: all, interval: 1h}\n");
    }
    start(yaml.toString(), Map.of("FAKE_DEVICES", "cuda:0 cuda:1 cuda:2 cuda:3"));
    await()
        .atMost(Duration.ofMinutes(3))
        .until(
            () ->
                get("/metrics")
                        .lines()
                        .filter(line -> line.startsWith("flopmeter_model_macs{"))
                        .count()
                    == 80);
    for (int i = 0; i < 20; i++) {
      assertThat(runs("w" + i, "success")).isEqualTo(4);
    }
    assertThat(metric("flopmeter_history_results")).isEqualTo(80);
  }

  @Test
  void aLostGpuCostsItsOwnSeriesOnly() throws Exception {
    Path gone = folder.resolve("gone");
    Path worker = folder.resolve("worker");
    Files.writeString(
        worker,
        "#!/bin/sh\nif [ -e "
            + gone
            + " ]; then case \"$*\" in *cuda:1*) echo lost >&2; exit 3;; esac; fi\nexec "
            + FakeWorker.SCRIPT
            + " \"$@\"\n");
    assertThat(worker.toFile().setExecutable(true)).isTrue();
    configure("workloads: {w: {model: good, device: ['cuda:0', 'cuda:1'], interval: 1s}}");
    daemon =
        DaemonInProcess.start(
            folder.resolve("f.yaml"), new WorkerCommand(List.of(worker.toString()), Map.of()));
    await()
        .until(() -> get("/metrics").contains("flopmeter_device_power_watts{device=\"cuda:1\"}"));
    Files.createFile(gone);
    await()
        .until(() -> !get("/metrics").contains("flopmeter_device_power_watts{device=\"cuda:1\"}"));
    String metrics = get("/metrics");
    assertThat(metrics.lines().filter(line -> line.startsWith("flopmeter_model_macs{")))
        .singleElement()
        .asString()
        .contains("device=\"cuda:0\"");
    assertThat(metrics).contains("flopmeter_device_power_watts{device=\"cuda:0\"}");
  }

  @Test
  void aReloadUnderScrapesShowsOneOrTheOtherAndABadFileChangesNothing() throws Exception {
    String one = "workloads: {one: {model: good, device: cpu, interval: 1s}}";
    String two = "workloads: {two: {model: good, device: cpu, interval: 1s}}";
    start(one, Map.of());
    await().until(() -> runs("one", "success") >= 1);
    AtomicBoolean isOver = new AtomicBoolean();
    AtomicInteger scrapes = new AtomicInteger();
    CompletableFuture<Void> scraping =
        CompletableFuture.runAsync(
            () -> {
              while (!isOver.get()) {
                try {
                  HttpResponse<String> response = send(request("/metrics"));
                  assertThat(response.statusCode()).isEqualTo(200);
                  assertThat(response.body()).contains("flopmeter_build_info");
                  scrapes.incrementAndGet();
                } catch (Exception e) {
                  throw new IllegalStateException(e);
                }
              }
            });
    for (int i = 0; i < 20; i++) {
      configure(i % 2 == 0 ? two : one);
      assertThat(send(request("/-/reload").POST(HttpRequest.BodyPublishers.noBody())).statusCode())
          .isEqualTo(200);
    }
    configure(two);
    send(request("/-/reload").POST(HttpRequest.BodyPublishers.noBody()));
    isOver.set(true);
    scraping.join();
    assertThat(scrapes.get()).isPositive();
    await().until(() -> runs("two", "success") >= 1);
    assertThat(get("/metrics")).doesNotContain("workload=\"one\"");

    configure("workloads: {three: {modell: good}}");
    HttpResponse<String> refused =
        send(request("/-/reload").POST(HttpRequest.BodyPublishers.noBody()));
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(refused.body()).contains("did you mean model?");
    assertThat(metric("flopmeter_config_last_reload_successful")).isZero();
    assertThat(get("/metrics")).contains("workload=\"two\"");
  }

  @Test
  void aReloadThatFailsInsideIsCountedAsFailed() throws Exception {
    ConfigReader reader = new ConfigReader(Map.of(), Set.of(), Optional.empty(), Optional.empty());
    AtomicBoolean isBroken = new AtomicBoolean();
    start(
        "workloads: {w: {model: good, device: cpu, interval: 1h}}",
        () -> {
          if (isBroken.get()) {
            throw new IllegalStateException("a mistake of ours");
          }
          return reader.read(folder.resolve("f.yaml"));
        },
        Map.of());
    assertThat(metric("flopmeter_config_last_reload_successful")).isEqualTo(1);
    isBroken.set(true);
    assertThat(daemon.reload()).singleElement().asString().contains("a mistake of ours");
    assertThat(metric("flopmeter_config_last_reload_successful")).isZero();
    isBroken.set(false);
    assertThat(daemon.reload()).isEmpty();
    assertThat(metric("flopmeter_config_last_reload_successful")).isEqualTo(1);
  }

  @Test
  void theApiReportsHowAndWhyTheLastRunEnded() throws Exception {
    start(
        "workloads: {good: {model: good, device: cpu}, bad: {model: refuse, device: cpu}}",
        Map.of());
    await().until(() -> runs("good", "success") == 1 && runs("bad", "failed") == 1);
    String good = get("/api/v1/workloads").split("\"name\":\"bad\"")[0];
    String bad = get("/api/v1/workloads").split("\"name\":\"bad\"")[1];
    assertThat(good)
        .contains("\"last_outcome\":\"success\"", "\"last_device\":\"cpu\"")
        .doesNotContain("last_reason");
    assertThat(bad)
        .contains("\"last_outcome\":\"failed\"", "\"last_run_at\":\"")
        .contains("\"last_reason\":\"exit code 2: flopmeter: model: no operator Frobnicate");
  }

  @Test
  void afterARestartTheLastResultIsShownAsOld() throws Exception {
    String yaml = "workloads: {w: {model: good, device: cpu, interval: 1h}}";
    start(yaml, Map.of());
    await().until(() -> runs("w", "success") == 1);
    daemon.close();
    start(yaml.replace("good", "hang"), Map.of());
    String restored =
        "flopmeter_result_restored{backend=\"djl\",batch=\"1\",device=\"cpu\",model=\"good\","
            + "precision=\"fp32\",workload=\"w\"}";
    assertThat(metric(restored)).isEqualTo(1);
    assertThat(get("/api/v1/latest"))
        .contains("\"fresh\":false", "\"restored\":true", "\"age_seconds\":");
  }

  @Test
  void theApiListsResultsAndRegressions() throws Exception {
    Path median = folder.resolve("median");
    start("workloads: {w: {model: good, device: cpu, interval: 1s, jitter: 0%}}", Map.of());
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> get("/api/v1/latest").contains("regression_ratio"));
    assertThat(median).doesNotExist();
    assertThat(get("/api/v1/results?workload=w&limit=2&layers=true").split("\"number\":"))
        .hasSize(3);
    assertThat(get("/api/v1/results?limit=2")).doesNotContain("\"layers\":");
    assertThat(get("/api/v1/results?to=1999-01-01T00:00:00Z")).isEqualTo("{\"results\":[]}");
    refuses("/api/v1/results?from=yesterday", "from: expected a time");
    refuses("/api/v1/results?from=9e99", "from: expected a time");
    refuses("/api/v1/results?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from is after");
    refuses("/api/v1/results?limit=0", "limit: expected a number");
    refuses("/api/v1/results?limit=99999999999", "limit: expected a number");
    refuses("/api/v1/results?workload=x", "workload: no workload");
    refuses("/api/v1/results?layers=maybe", "layers: expected true or false");
    refuses("/api/v1/results?form=2026-01-01T00:00:00Z", "form: unknown parameter; use workload");
    refuses("/api/v1/workloads?limit=1", "limit: unknown parameter");
    refuses("/api/v1/results?limit=%zz", "");
    assertThat(get("/api/v1/workloads")).contains("\"name\":\"w\"", "\"last_success_at\":");
    assertThat(get("/")).contains("flopmeter", "w");
    assertThat(get("/report/w")).contains("layer0.conv");
  }

  private void refuses(String path, String message) throws Exception {
    // Does not use java.net.URI, which rejects some requests that a client may send.
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), daemon.address().getPort())) {
      socket
          .getOutputStream()
          .write(
              ("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(answer).as(path).startsWith("HTTP/1.1 400 ");
      if (!message.isEmpty()) {
        assertThat(answer).as(path).contains("{\"error\":\"" + message);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "/../f.yaml, 404", "/%2e%2e/f.yaml, 404", "/metrics/, 404", "/report/, 404",
    "/report/..%2f..%2fetc%2fpasswd, 404", "/api/v1/, 404", "/nothing, 404", "/-/healthy, 200"
  })
  void onlyListedPathsAreServed(String path, int status) throws Exception {
    start("workloads: {w: {model: good, device: cpu, interval: 1h}}", Map.of());
    HttpResponse<String> response = send(request(path));
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(response.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
    assertThat(response.headers().firstValue("Content-Security-Policy")).isPresent();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ", batch: 8", ", batch: [1, 4, 8]", ", input: 'x=2x16'"})
  void aModelWithAFixedBatchHasTheGaugesOfTheBatchThatRan(String batch) throws Exception {
    start("workloads: {w: {model: fixed, device: cpu, interval: 1h" + batch + "}}", Map.of());
    await().until(() -> runs("w", "success") == 1);
    assertThat(get("/metrics"))
        .containsPattern("flopmeter_model_macs\\{[^}]*batch=\"2\"")
        .containsPattern("flopmeter_measurement_valid\\{[^}]*batch=\"2\"");
  }

  @Test
  void aResultMeasuredDuringAFatalErrorOfItsGpuIsNotValidAndAnnotated() throws Exception {
    start(
        """
        node: {interval: 1s}
        workloads: {w: {model: good, device: "cuda:0", interval: 3s}}
        """,
        Map.of("FAKE_XID", "79", "FAKE_DELAY", "3"));
    String why = "gpu:0: Xid 79, GPU has fallen off the bus at ";
    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(
            () ->
                assertThat(get("/api/v1/results"))
                    .contains("\"valid\":false,\"warnings\":[\"" + why));
    long now = System.currentTimeMillis();
    assertThat(get("/api/v1/annotations?from=" + (now - 60_000) + "&to=" + now))
        .startsWith("{\"annotations\":[{\"time\":")
        .contains("\"text\":\"flopmeter 1.0 started\",\"tags\":[\"restart\"]")
        .contains("\"title\":\"GPU error\",\"text\":\"gpu:0: Xid 79, GPU has fallen off the bus\"");
    assertThat(get("/api/v1/annotations?to=1000")).isEqualTo("{\"annotations\":[]}");
    assertThat(send(request("/api/v1/annotations?from=now")).statusCode()).isEqualTo(400);
  }

  @Test
  void anErrorOfAnApplicationDoesNotInvalidateAResult() throws Exception {
    start(
        """
        node: {interval: 1s}
        workloads: {w: {model: good, device: "cuda:0", interval: 3s}}
        """,
        Map.of("FAKE_XID", "31", "FAKE_DELAY", "3"));
    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(() -> assertThat(runs("w", "success")).isPositive());
    assertThat(get("/api/v1/results")).contains("\"valid\":true");
    assertThat(get("/api/v1/annotations")).contains("application error");
  }
}
