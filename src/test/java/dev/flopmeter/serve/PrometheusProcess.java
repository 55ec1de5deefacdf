package dev.flopmeter.serve;

import static org.awaitility.Awaitility.await;

import dev.flopmeter.grafana.PrometheusClient;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/**
 * A real Prometheus on loopback, with our own rules; the test is skipped if it is not installed.
 */
final class PrometheusProcess implements AutoCloseable {
  final PrometheusClient client;
  private final Process process;

  private PrometheusProcess(Process process, PrometheusClient client) {
    this.process = process;
    this.client = client;
  }

  /**
   * Scrapes {@code targets} (static configurations as a YAML list) every {@code interval}, with
   * additional arguments.
   */
  static PrometheusProcess start(
      Path folder, String targets, String interval, boolean hasRules, String... arguments)
      throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    Path rules = Files.createDirectories(folder.resolve("rules"));
    if (hasRules) {
      copyRules(rules, interval);
    }
    Path config =
        Files.writeString(
            folder.resolve("prometheus.yml"),
            """
            global: {scrape_interval: %s, evaluation_interval: %s}
            rule_files: [%s]
            scrape_configs:
              - job_name: flopmeter
                tls_config: {insecure_skip_verify: true}
                static_configs: %s
            """
                .formatted(interval, interval, "'" + rules + "/*.yml'", targets));
    Process process;
    try {
      List<String> command =
          new ArrayList<>(
              List.of(
                  "prometheus",
                  "--config.file=" + config,
                  "--storage.tsdb.path=" + folder.resolve("tsdb"),
                  "--web.listen-address=127.0.0.1:" + port));
      command.addAll(List.of(arguments));
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("prometheus.log").toFile())
              .start();
    } catch (IOException e) {
      Assumptions.abort("skipped: prometheus is not installed (Debian's package prometheus)");
      throw e;
    }
    PrometheusProcess prometheus =
        new PrometheusProcess(process, new PrometheusClient("http://127.0.0.1:" + port));
    await()
        .atMost(Duration.ofSeconds(60))
        .ignoreExceptions()
        .until(() -> prometheus.client.query("vector(1)").size() == 1);
    return prometheus;
  }

  /**
   * Our rules, but each group is evaluated as often as scrapes happen, because a test cannot wait
   * for 5 minutes.
   */
  private static void copyRules(Path to, String interval) throws IOException {
    for (String name :
        List.of("flopmeter-recording.yml", "flopmeter-alerts.yml", "flopmeter-llm.yml")) {
      String shipped = Files.readString(Path.of("config/prometheus").resolve(name));
      Files.writeString(
          to.resolve(name),
          shipped.replaceAll("(?m)^    interval: .*$", "    interval: " + interval));
    }
  }

  /** Resident memory in bytes. */
  long residentBytes() throws IOException {
    String pages = Files.readString(Path.of("/proc/" + process.pid() + "/statm")).split(" ", 3)[1];
    return Long.parseLong(pages) * 4096;
  }

  @Override
  public void close() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(20, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
  }
}
