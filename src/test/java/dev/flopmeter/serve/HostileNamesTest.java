package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.flopmeter.serve.worker.WorkerCommand;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Names of processes, devices and models remain data in everything that the daemon serves, even if
 * they reach it unchecked.
 */
class HostileNamesTest {
  private static final String NAME =
      "a\n} 1\nflopmeter_fake{x=\"\\\"<script>alert(1)</script>\u202e&amp;{{.}}$(id)";

  /** A line of the text format: a comment, or a series with its labels, each in quotes. */
  private static final Pattern LINE =
      Pattern.compile(
          "# (?:HELP|TYPE) [^\\n"
              + "]*|[a-zA-Z_:][\\w:]*(?:\\{(?:\\w+=\"(?:[^\"\\\\]|\\\\[\\\\\"n])*\",?)*+\\})?"
              + " (?:NaN|[+-]?(?:Inf|[0-9.eE+-]+))");

  private static final Pattern LABEL = Pattern.compile("\\b(\\w+)=\"((?:[^\"\\\\]|\\\\.)*)\"");

  @TempDir private Path folder;
  private final HttpClient http = HttpClient.newHttpClient();

  private Map<String, Object> sample() {
    Map<String, Object> owner =
        Map.of("name", NAME, "container", NAME, "pod", NAME, "slurm_job", NAME);
    Map<String, Object> process = Map.of("pid", 7, "owner", owner, "memory_bytes", 5);
    Map<String, Object> gpu =
        Map.of(
            "device",
            "gpu:0" + NAME,
            "uuid",
            "GPU-" + NAME,
            "parent",
            "GPU-" + NAME,
            "name",
            NAME,
            "state",
            "busy",
            "throttled",
            List.of(NAME),
            "activity",
            Map.of(NAME, 0.5),
            "processes",
            List.of(process));
    Map<String, Object> event =
        Map.of(
            "device",
            NAME,
            "uuid",
            NAME,
            "parent",
            NAME,
            "xid",
            79,
            "at",
            Instant.now().toString());
    return Map.of(
        "schema",
        "flopmeter.node/1",
        "emulated",
        false,
        "gpus",
        List.of(gpu),
        "health",
        List.of(Map.of("device", NAME, "uuid", NAME, "errors", Map.of(NAME, 1))),
        "events",
        List.of(event),
        "absent",
        Map.of(NAME, NAME));
  }

  private Daemon start() throws Exception {
    Path lines = folder.resolve("lines");
    Files.writeString(lines, JsonMapper.shared().writeValueAsString(sample()) + "\n");
    Path worker = folder.resolve("worker");
    Files.writeString(
        worker,
        "#!/bin/sh\nif [ \"$1\" = top ]; then while cat '%s'; do sleep 1; done; fi\nexec '%s' \"$@\"\n"
            .formatted(lines, FakeWorker.SCRIPT));
    assertThat(worker.toFile().setExecutable(true)).isTrue();
    Path config =
        Files.writeString(
            folder.resolve("f.yaml"),
            """
            http: {listen: "127.0.0.1:0"}
            workloads: {w: {model: good, device: "cuda:0", interval: 1h}}
            history: {folder: none}
            node: {interval: 1s}
            """);
    Map<String, String> environment = Map.of("FAKE_NAME", "<script>alert(1)</script>{{.}}");
    return DaemonInProcess.start(
        config, new WorkerCommand(List.of(worker.toString()), environment));
  }

  private String get(Daemon daemon, String path) throws Exception {
    URI address = URI.create("http://127.0.0.1:" + daemon.address().getPort() + path);
    HttpRequest request =
        HttpRequest.newBuilder(address).timeout(Duration.ofSeconds(60)).GET().build();
    return http.send(request, HttpResponse.BodyHandlers.ofString()).body();
  }

  private static List<String> values(String metrics, String series, String label) {
    List<String> values = new ArrayList<>();
    for (String line : metrics.lines().filter(each -> each.startsWith(series + "{")).toList()) {
      for (Matcher found = LABEL.matcher(line); found.find(); ) {
        if (found.group(1).equals(label)) {
          String escaped = found.group(2);
          values.add(escaped.replace("\\n", "\n").replace("\\\"", "\"").replace("\\\\", "\\"));
        }
      }
    }
    return values;
  }

  @Test
  void areDataInMetricsPagesAndAnnotations() throws Exception {
    try (Daemon daemon = start()) {
      await()
          .atMost(Duration.ofSeconds(60))
          .until(
              () ->
                  get(daemon, "/metrics").contains("flopmeter_node_process_seconds_total")
                      && get(daemon, "/metrics").contains("flopmeter_model_macs{"));
      String metrics = get(daemon, "/metrics");
      assertThat(metrics.lines()).allMatch(line -> LINE.matcher(line).matches());
      assertThat(metrics.lines()).noneMatch(line -> line.startsWith("flopmeter_fake"));
      for (String label : List.of("process", "pod", "container", "slurm_job")) {
        assertThat(values(metrics, "flopmeter_node_process_seconds_total", label))
            .containsExactly(NAME);
      }
      assertThat(values(metrics, "flopmeter_node_info", "name")).containsExactly(NAME);

      String asked = "/metrics?name%5B%5D=" + URLEncoder.encode(NAME, StandardCharsets.UTF_8);
      assertThat(get(daemon, asked)).isEmpty();

      JsonNode annotations =
          JsonMapper.shared().readTree(get(daemon, "/api/v1/annotations")).get("annotations");
      assertThat(annotations)
          .anyMatch(each -> each.get("text").asString().contains("GPU has fallen off the bus"));
      for (String page :
          List.of("/", "/report/w", "/api/v1/workloads", "/nowhere/" + "%3Cscript%3E")) {
        assertThat(get(daemon, page)).as(page).doesNotContain("<script>alert");
      }
    }
  }
}
