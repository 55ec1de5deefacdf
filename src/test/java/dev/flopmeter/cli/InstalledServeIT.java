package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.flopmeter.bench.GeneratedModel;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The installed daemon from its start to {@code systemctl stop}. */
class InstalledServeIT {
  private static final Pattern METRICS = Pattern.compile("http://127\\.0\\.0\\.1:\\d+/metrics");

  @TempDir Path folder;

  @Test
  void measuresServesAndStops() throws Exception {
    Files.write(folder.resolve("größe.onnx"), GeneratedModel.ofNodes(30));
    Path config =
        Files.writeString(
            folder.resolve("serve.yaml"),
            """
            http: {listen: "127.0.0.1:0"}
            workloads:
              small:
                model: %s
                device: cpu
                interval: 1h
                max_time: 300ms
            history: {folder: %s}
            """
                .formatted(folder.resolve("größe.onnx"), folder.resolve("history")));
    Path log = folder.resolve("log");
    // The workers find the model although no locale is set: the launcher sets one for them.
    String line =
        "exec env -i PATH=\"$PATH\" HOME=\"$HOME\" JAVA_HOME=\"$JAVA_HOME\" \"$F\" serve --config "
            + config;
    Process daemon =
        InstalledRun.process(folder, line)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      await().atMost(Duration.ofSeconds(60)).until(() -> !daemon.isAlive() || address(log).find());
      Matcher address = address(log);
      assertThat(address.find()).as(Files.readString(log)).isTrue();
      HttpClient http = HttpClient.newHttpClient();
      HttpRequest scrape = HttpRequest.newBuilder(URI.create(address.group())).build();
      await()
          .atMost(Duration.ofSeconds(90))
          .pollInterval(Duration.ofMillis(500))
          .until(
              () ->
                  http.send(scrape, HttpResponse.BodyHandlers.ofString())
                      .body()
                      .contains("flopmeter_runs_total{outcome=\"success\",workload=\"small\"} 1"));
      daemon.destroy(); // SIGTERM
      assertThat(daemon.waitFor(45, TimeUnit.SECONDS)).isTrue();
    } finally {
      daemon.destroyForcibly();
    }
    assertThat(Files.readString(log)).contains("stopped");
    assertThat(daemon.exitValue()).isZero();
  }

  @Test
  void aWrongConfigurationIsRefused() throws Exception {
    Files.writeString(
        folder.resolve("serve.yaml"), "interval: 5\nworkloads: {a: {model: resnet18}}\n");
    InstalledRun.of(folder, "\"$F\" serve --check --config serve.yaml")
        .saidOnce(2, "serve.yaml:1: interval: ");
  }

  private static Matcher address(Path log) throws java.io.IOException {
    return METRICS.matcher(Files.readString(log));
  }
}
