package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The daemon as a process: how it starts, stops and is killed. */
class DaemonProcessTest {
  private static final Pattern KEPT = Pattern.compile("\nflopmeter_history_results ([0-9.E]+)");

  @TempDir private Path folder;

  private Path config(String yaml) throws Exception {
    return Files.writeString(
        folder.resolve("f.yaml"),
        yaml + "\nhttp: {listen: \"127.0.0.1:0\"}\nhistory: {folder: kept}\n");
  }

  private static List<ProcessHandle> workers() {
    return ProcessHandle.allProcesses()
        .filter(one -> one.info().commandLine().orElse("").contains("fake-worker profile stubborn"))
        .toList();
  }

  @Test
  void stopsAtOnceAndLeavesNoProcess() throws Exception {
    try (DaemonProcess daemon =
        DaemonProcess.start(
            config("workloads: {s: {model: stubborn, device: cpu}}\nworker: {grace: 200ms}"),
            Map.of())) {
      await().until(() -> workers().size() == 1);
      daemon.process.destroy();
      assertThat(daemon.process.waitFor(20, TimeUnit.SECONDS)).isTrue();
      await().atMost(Duration.ofSeconds(5)).until(() -> workers().isEmpty());
      assertThat(Files.readString(daemon.log)).contains("stopped");
      assertThat(daemon.process.exitValue()).isZero();
    }
  }

  /** A real worker that measures, once it has used the given amount of CPU time. */
  private static Optional<ProcessHandle> worker(DaemonProcess daemon, Duration used) {
    return daemon
        .process
        .descendants()
        .filter(one -> one.info().command().orElse("").endsWith("java"))
        .filter(one -> one.info().totalCpuDuration().orElse(Duration.ZERO).compareTo(used) >= 0)
        .findFirst();
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 4})
  void aKilledDaemonLeavesNoWorkerBehind(long seconds) throws Exception {
    Path config =
        config(
            "workloads: {s: {model: resnet18, device: cpu, batch: [1, 2, 4, 8], max_time: 20s,"
                + " timeout: 10m}}");
    ProcessHandle orphan;
    try (DaemonProcess daemon = DaemonProcess.start(config, Map.of(), new String[0])) {
      await()
          .atMost(Duration.ofMinutes(2))
          .until(() -> worker(daemon, Duration.ofSeconds(seconds)).isPresent());
      orphan = worker(daemon, Duration.ofSeconds(seconds)).orElseThrow();
      daemon.process.destroyForcibly().waitFor();
    }
    // Read at once if the worker's JVM is already running.
    await().atMost(Duration.ofSeconds(seconds == 0 ? 20 : 5)).until(() -> !orphan.isAlive());
    try (DaemonProcess next = DaemonProcess.start(config, Map.of(), new String[0])) {
      assertThat(next.get("/-/healthy").statusCode()).isEqualTo(200);
      assertThat(next.metrics()).contains("flopmeter_history_writable 1.0");
    }
  }

  @Test
  void aPortInUseIsOneLineAndExitCodeTwo() throws Exception {
    try (DaemonProcess first =
        DaemonProcess.start(config("workloads: {a: {model: good, device: cpu}}"), Map.of())) {
      Path second =
          Files.writeString(
              folder.resolve("g.yaml"),
              "workloads: {a: {model: good, device: cpu}}\nhttp: {listen: \"127.0.0.1:"
                  + first.port
                  + "\"}\nhistory: {folder: none}\n");
      try (DaemonProcess refused = DaemonProcess.start(second, Map.of())) {
        assertThat(refused.process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(refused.process.exitValue()).isEqualTo(2);
        assertThat(Files.readString(refused.log))
            .isEqualTo(
                "flopmeter: cannot listen on 127.0.0.1:"
                    + first.port
                    + ": Address already in use; change http.listen or use --listen\n");
      }
    }
  }

  @Test
  void anotherPortNeedsNoFile() throws Exception {
    Path config = config("workloads: {a: {model: good, device: cpu}}");
    try (DaemonProcess first = DaemonProcess.start(config, Map.of())) {
      Path same =
          Files.writeString(
              folder.resolve("g.yaml"),
              Files.readString(config)
                  .replace("127.0.0.1:0", "127.0.0.1:" + first.port)
                  .replace("kept", "none"));
      try (DaemonProcess second = withFakeWorker(same, "--listen", "127.0.0.1:0")) {
        assertThat(second.port).isNotEqualTo(first.port);
        assertThat(second.get("/-/healthy").statusCode()).isEqualTo(200);
      }
    }
  }

  private static DaemonProcess withFakeWorker(Path config, String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of("--worker", FakeWorker.SCRIPT.toString()));
    all.addAll(List.of(arguments));
    return DaemonProcess.start(config, Map.of(), all.toArray(String[]::new));
  }

  @ParameterizedTest
  @CsvSource({
    "19400, 'expected ADDRESS:PORT, for example 127.0.0.1:19400 or [::1]:19400'",
    "'', 'expected ADDRESS:PORT'",
    "127.0.0.1:99999, 'expected ADDRESS:PORT'",
    "192.0.2.1:19400, 'cannot listen on 192.0.2.1:19400: Cannot assign requested address'"
  })
  void aBadAddressIsOneLineAndExitCodeTwo(String address, String message) throws Exception {
    Path config = config("workloads: {a: {model: good, device: cpu}}");
    try (DaemonProcess refused = withFakeWorker(config, "--listen", address)) {
      assertThat(refused.process.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(refused.process.exitValue()).isEqualTo(2);
      assertThat(Files.readString(refused.log))
          .startsWith("flopmeter: ")
          .contains(message)
          .hasLineCount(1);
    }
  }

  @Test
  void aLogForCollectorsHasOneObjectPerLineAndNoTable() throws Exception {
    Path config = config("workloads: {a: {model: good, device: cpu}}\nlog: {format: json}");
    try (DaemonProcess daemon = DaemonProcess.start(config, Map.of())) {
      await().until(() -> Files.readString(daemon.log).contains("a on cpu in fp32"));
      List<String> lines = Files.readAllLines(daemon.log);
      for (String line : lines) {
        JsonNode event = JsonMapper.shared().readTree(line);
        assertThat(event.propertyNames())
            .containsExactlyInAnyOrder(
                "timestamp", "level", "threadName", "loggerName", "formattedMessage", "throwable");
        assertThat(Instant.parse(event.get("timestamp").asString())).isBefore(Instant.now());
      }
      assertThat(lines)
          .map(line -> JsonMapper.shared().readTree(line).get("formattedMessage").asString())
          .anyMatch(message -> message.startsWith("serving http://127.0.0.1:"))
          .anyMatch(
              message ->
                  message.startsWith("a on cpu in fp32: batch 1: 2 ms, MFU 41 % (datasheet)"));
    }
  }

  @Test
  void aLogWithoutATerminalHasALineForTheFirstResultAndNoTable() throws Exception {
    try (DaemonProcess daemon =
        DaemonProcess.start(config("workloads: {a: {model: good, device: cpu}}"), Map.of())) {
      await().until(() -> Files.readString(daemon.log).contains("a on cpu in fp32: batch 1: "));
      assertThat(Files.readAllLines(daemon.log))
          .hasSizeLessThan(5)
          .allMatch(line -> line.matches("\\d{4}-\\d\\d-\\d\\dT.* INFO .*"));
    }
  }

  @Test
  void afterFiftyKillsTheHistoryHoldsEveryPublishedResult() throws Exception {
    Random random = new Random(7);
    Path config =
        config(
            "workloads: {a: {model: good-40, device: cpu, interval: 1s, jitter: 0%, batch: [1, 2,"
                + " 3, 4]}}");
    long seen = 0;
    for (int life = 0; life < 50; life++) {
      try (DaemonProcess daemon = DaemonProcess.start(config, Map.of())) {
        await()
            .atMost(Duration.ofSeconds(30))
            .pollInterval(Duration.ofMillis(5))
            .until(() -> KEPT.matcher(daemon.metrics()).find());
        long restored = kept(daemon.metrics());
        assertThat(restored).as("life %d: kept results", life).isGreaterThanOrEqualTo(seen);
        assertThat(Files.readString(daemon.log)).doesNotContain("ERROR");
        if (life % 10 == 0) {
          // On the slowest machine, there is still something to lose.
          await().atMost(Duration.ofSeconds(30)).until(() -> kept(daemon.metrics()) > restored);
        }
        // Anywhere within or between two runs, so that writes are interrupted, too.
        long wait = random.nextInt(400);
        daemon.process.waitFor(wait, TimeUnit.MILLISECONDS);
        seen = Math.max(restored, kept(daemon.metrics()));
        daemon.process.destroyForcibly().waitFor();
      }
    }
    assertThat(seen).isPositive();
  }

  private static long kept(String metrics) {
    Matcher matcher = KEPT.matcher(metrics);
    return matcher.find() ? (long) Double.parseDouble(matcher.group(1)) : 0;
  }

  @Test
  void sighupReloadsTheConfiguration() throws Exception {
    Path config = config("workloads: {a: {model: good, device: cpu}}");
    try (DaemonProcess daemon = DaemonProcess.start(config, Map.of())) {
      config("workloads: {b: {model: good, device: cpu}}");
      new ProcessBuilder("kill", "-HUP", Long.toString(daemon.process.pid())).start().waitFor();
      await().until(() -> daemon.metrics().contains("workload=\"b\""));
      assertThat(daemon.metrics()).doesNotContain("workload=\"a\"");
    }
  }
}
