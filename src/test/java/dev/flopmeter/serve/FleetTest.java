package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.flopmeter.grafana.Dashboards;
import dev.flopmeter.grafana.RecordingRules;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One Prometheus and a thousand nodes ({@code -Pfleet}; {@code -Dfleet.instances=1000}, {@code
 * -Dfleet.minutes=4}): how long the dashboards' queries take over those minutes, with the recording
 * rules and with their expressions expanded. One server plays all nodes: under a thousand paths it
 * repeats the metrics of a real daemon, each node a little slower than the previous one.
 */
@Tag("fleet")
class FleetTest {
  private static final int INSTANCES = Integer.getInteger("fleet.instances", 1000);
  private static final int MINUTES = Integer.getInteger("fleet.minutes", 4);
  private static final String SCRAPE_INTERVAL = "15s";
  private static final double SLOWEST_SECONDS = 10;
  private static final Pattern MFU =
      Pattern.compile("(?m)^(flopmeter_model_flop_utilization_ratio\\{.*}) (\\S+)$");

  @TempDir private Path folder;

  @Test
  void everyPanelAnswersInTime() throws Exception {
    String exposition = fromARealDaemon();
    ExecutorService threads = Executors.newFixedThreadPool(8);
    HttpServer nodes =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 4096);
    nodes.setExecutor(threads);
    nodes.createContext("/", exchange -> answer(exchange, exposition));
    nodes.start();
    try (PrometheusProcess prometheus =
        PrometheusProcess.start(
            folder, targets(nodes.getAddress().getPort()), SCRAPE_INTERVAL, true)) {
      await()
          .atMost(Duration.ofMinutes(MINUTES + 5))
          .pollInterval(Duration.ofSeconds(5))
          .until(() -> hasHistory(prometheus));
      System.out.printf(
          Locale.ROOT,
          "| fleet: %d nodes of %d series | `mvn test -Pfleet -Dtest=FleetTest` | %.0f series in"
              + " one Prometheus, its memory %.0f MB |%n",
          INSTANCES,
          exposition.lines().filter(line -> !line.startsWith("#")).count(),
          one(prometheus, "sum(scrape_samples_post_metric_relabeling)"),
          prometheus.residentBytes() / 1e6);
      measure(prometheus);
    } finally {
      nodes.stop(0);
      threads.shutdownNow();
    }
  }

  private static boolean hasHistory(PrometheusProcess prometheus) throws Exception {
    String all = "count(count_over_time(up[" + MINUTES + "m]) >= " + (4 * MINUTES - 2) + ")";
    return one(prometheus, all) >= INSTANCES;
  }

  private static double one(PrometheusProcess prometheus, String expression) throws Exception {
    return prometheus.client.query(expression).stream()
        .mapToDouble(series -> series.last())
        .findFirst()
        .orElse(0);
  }

  private String fromARealDaemon() throws Exception {
    Path config =
        Files.writeString(
            folder.resolve("f.yaml"),
            """
            http: {listen: "127.0.0.1:0"}
            workloads:
              vision: {model: good-60, device: all, interval: 1s, jitter: 0%}
            history: {folder: kept}
            """);
    try (DaemonProcess daemon =
        DaemonProcess.start(config, Map.of("FAKE_DEVICES", "cuda:0 cuda:1 cpu"))) {
      await()
          .atMost(Duration.ofMinutes(1))
          .until(() -> daemon.metrics().contains("flopmeter_inference_latency_baseline_seconds{"));
      return daemon.metrics();
    }
  }

  private static String targets(int port) {
    return IntStream.range(0, INSTANCES)
        .mapToObj(
            node ->
                "{targets: ['127.0.0.1:%d'], labels: {__metrics_path__: /%d, instance: 'node-%d:19400'}}"
                    .formatted(port, node, node))
        .collect(Collectors.joining(", ", "[", "]"));
  }

  private static void answer(HttpExchange exchange, String exposition) throws IOException {
    try (exchange) {
      int node = Integer.parseInt(exchange.getRequestURI().getPath().substring(1));
      double speed = 1 - 0.8 * node / INSTANCES;
      Matcher mfu = MFU.matcher(exposition);
      String own =
          mfu.replaceAll(
              match ->
                  Matcher.quoteReplacement(
                      match.group(1) + " " + Double.parseDouble(match.group(2)) * speed));
      byte[] body = own.getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4");
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private static void measure(PrometheusProcess prometheus) throws Exception {
    RecordingRules rules = RecordingRules.shipped();
    System.out.println("\n| panel | with recording rules | without |\n|---|---|---|");
    for (Dashboards.Query query : Dashboards.queries()) {
      String expression = query.withVariables("1m");
      double seconds = seconds(prometheus, expression);
      String writtenOut = rules.expand(expression);
      String without =
          writtenOut.equals(expression)
              ? ""
              : String.format(Locale.ROOT, "%.0f ms", 1e3 * seconds(prometheus, writtenOut));
      System.out.printf(
          Locale.ROOT, "| %s | %.0f ms | %s |%n", cell(query.toString()), 1e3 * seconds, without);
      assertThat(seconds).as(query.toString()).isLessThan(SLOWEST_SECONDS);
    }
  }

  /** A title may contain the character that ends a table cell. */
  private static String cell(String text) {
    return text.replace("|", "\\|").replaceAll("\\s+", " ");
  }

  /** The median of three. */
  private static double seconds(PrometheusProcess prometheus, String expression) throws Exception {
    double[] times = new double[3];
    for (int i = 0; i < times.length; i++) {
      long start = System.nanoTime();
      Instant now = Instant.now();
      prometheus.client.range(expression, now.minus(Duration.ofMinutes(MINUTES)), now, 15);
      times[i] = (System.nanoTime() - start) / 1e9;
    }
    Arrays.sort(times);
    return times[1];
  }
}
