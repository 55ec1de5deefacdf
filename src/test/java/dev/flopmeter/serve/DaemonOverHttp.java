package dev.flopmeter.serve;

import dev.flopmeter.serve.Daemon.ConfigSource;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** Starts a daemon whose worker processes are scripts, and sends it HTTP requests. */
abstract class DaemonOverHttp {
  @TempDir Path folder;

  final HttpClient http = HttpClient.newHttpClient();
  Daemon daemon;

  void configure(String yaml) throws IOException {
    String http = yaml.contains("http:") ? "" : "http: {listen: \"127.0.0.1:0\", reload: true}\n";
    String kept = yaml.contains("history:") ? "" : "history: {folder: kept}\n";
    Files.writeString(folder.resolve("f.yaml"), yaml + "\n" + http + kept);
  }

  void start(String yaml, Map<String, String> environment) throws Exception {
    configure(yaml);
    daemon = DaemonInProcess.start(folder.resolve("f.yaml"), FakeWorker.command(environment));
  }

  void start(String yaml, ConfigSource source, Map<String, String> environment) throws Exception {
    configure(yaml);
    daemon = DaemonInProcess.start(source, FakeWorker.command(environment));
  }

  @AfterEach
  void stop() throws IOException {
    if (daemon != null) {
      daemon.close();
    }
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(
            URI.create("http://127.0.0.1:" + daemon.address().getPort() + path))
        .timeout(Duration.ofSeconds(60));
  }

  HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  String get(String path) throws Exception {
    return send(request(path)).body();
  }

  double metric(String series) throws Exception {
    return get("/metrics")
        .lines()
        .filter(line -> line.startsWith(series + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
        .findFirst()
        .orElse(Double.NaN);
  }

  double runs(String workload, String outcome) throws Exception {
    return metric(
        "flopmeter_runs_total{outcome=\"" + outcome + "\",workload=\"" + workload + "\"}");
  }
}
