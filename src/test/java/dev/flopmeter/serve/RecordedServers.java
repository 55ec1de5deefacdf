package dev.flopmeter.serve;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * LLM servers as Prometheus sees them: the exposition of each, reconstructed from its source, with
 * growing counters; two data-parallel schedulers for SGLang. A value such as {@code {3e12}} is the
 * growth per second.
 */
final class RecordedServers implements AutoCloseable {
  private static final List<String> NAMES = List.of("vllm", "sglang");
  private static final Pattern GROWING = Pattern.compile("\\{([0-9.e]+)}$", Pattern.MULTILINE);

  private final HttpServer server;

  private RecordedServers(HttpServer server) {
    this.server = server;
  }

  static RecordedServers start() throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    long start = System.nanoTime();
    for (String name : NAMES) {
      String text = Files.readString(Path.of("src/test/resources/dev/flopmeter/serve", name));
      server.createContext(
          "/" + name,
          exchange -> {
            double seconds = (System.nanoTime() - start) / 1e9;
            byte[] body = grown(text, seconds).getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
          });
    }
    server.start();
    return new RecordedServers(server);
  }

  private static String grown(String text, double seconds) {
    return GROWING
        .matcher(text)
        .replaceAll(
            match ->
                Matcher.quoteReplacement(
                    Double.toString(Double.parseDouble(match.group(1)) * seconds)));
  }

  /** Static configurations, separated by commas; no daemon is on these hosts. */
  String targets() {
    return NAMES.stream()
        .map(
            name ->
                "{targets: ['127.0.0.1:%d'], labels: {__metrics_path__: /%s, instance: '%s.lab:8000'}}"
                    .formatted(server.getAddress().getPort(), name, name))
        .reduce((a, b) -> a + ", " + b)
        .orElseThrow();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
