package dev.flopmeter.serve;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The real daemon in a separate process, with the fake worker and the launcher's memory settings.
 */
final class DaemonProcess implements AutoCloseable {
  private static final Pattern SERVING =
      Pattern.compile("serving https?:[\\\\/]+[^ ]+:(\\d+)[\\\\/]+metrics");

  final Process process;
  final Path log;
  final int port;
  private final HttpClient http = HttpClient.newHttpClient();

  private DaemonProcess(Process process, Path log) throws IOException {
    this.process = process;
    this.log = log;
    await()
        .atMost(Duration.ofMinutes(5))
        .pollInterval(Duration.ofMillis(20))
        .until(() -> !process.isAlive() || SERVING.matcher(Files.readString(log)).find());
    Matcher serving = SERVING.matcher(Files.readString(log));
    port = serving.find() ? Integer.parseInt(serving.group(1)) : -1;
  }

  static DaemonProcess start(Path config, Map<String, String> environment) throws IOException {
    return start(config, environment, "--worker", FakeWorker.SCRIPT.toString());
  }

  /** A daemon with additional arguments; without {@code --worker} its workers are real. */
  static DaemonProcess start(Path config, Map<String, String> environment, String... arguments)
      throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xms16m",
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "-XX:MaxMetaspaceSize=96m",
                "-XX:ReservedCodeCacheSize=24m",
                "-XX:MinHeapFreeRatio=10",
                "-XX:MaxHeapFreeRatio=20",
                "-XX:+ExitOnOutOfMemoryError",
                "-Dflopmeter.log.level=INFO",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.flopmeter.cli.Main",
                "serve",
                "--config",
                config.toString()));
    command.addAll(List.of(arguments));
    Path log = Files.createTempFile(config.getParent(), "daemon", ".log");
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    builder.redirectErrorStream(true).redirectOutput(log.toFile());
    return new DaemonProcess(builder.start(), log);
  }

  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .timeout(Duration.ofMinutes(2))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  String metrics() {
    try {
      return get("/metrics").body();
    } catch (IOException e) {
      return "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }

  /** Resident memory in bytes. */
  long residentBytes() throws IOException {
    String pages = Files.readString(Path.of("/proc/" + process.pid() + "/statm")).split(" ", 3)[1];
    return Long.parseLong(pages) * 4096;
  }

  @Override
  public void close() throws Exception {
    process.destroy();
    if (!process.waitFor(30, java.util.concurrent.TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
  }
}
