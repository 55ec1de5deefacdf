package dev.flopmeter.grafana;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Asks a Prometheus server over its HTTP API. */
public final class PrometheusClient {
  private final HttpClient http = HttpClient.newHttpClient();
  private final String base;

  /**
   * @param base such as {@code http://127.0.0.1:9090}
   */
  public PrometheusClient(String base) {
    this.base = base;
  }

  /**
   * One series: its labels, and its points as seconds and values (one point for instant queries).
   */
  public record Series(Map<String, String> labels, List<double[]> points) {
    public double last() {
      return points.get(points.size() - 1)[1];
    }
  }

  /** The value of {@code expression} now. */
  public List<Series> query(String expression) throws IOException, InterruptedException {
    return get("/api/v1/query?query=" + encoded(expression));
  }

  /** The values of {@code expression} between two times. */
  public List<Series> range(String expression, Instant from, Instant to, long stepSeconds)
      throws IOException, InterruptedException {
    return get(
        "/api/v1/query_range?query="
            + encoded(expression)
            + "&start="
            + from.getEpochSecond()
            + "&end="
            + to.getEpochSecond()
            + "&step="
            + stepSeconds);
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private List<Series> get(String path) throws IOException, InterruptedException {
    HttpRequest request = HttpRequest.newBuilder(URI.create(base + path)).build();
    HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
    JsonNode answer = JsonMapper.shared().readTree(response.body());
    if (!answer.path("status").asString("").equals("success")) {
      throw new IOException(
          "Prometheus refuses: " + answer.path("error").asString(response.body()));
    }
    List<Series> series = new ArrayList<>();
    for (JsonNode result : answer.at("/data/result")) {
      Map<String, String> labels = new TreeMap<>();
      result
          .path("metric")
          .properties()
          .forEach(label -> labels.put(label.getKey(), label.getValue().asString()));
      List<double[]> points = new ArrayList<>();
      if (result.has("value")) {
        points.add(point(result.get("value")));
      }
      result.path("values").forEach(value -> points.add(point(value)));
      series.add(new Series(labels, points));
    }
    return series;
  }

  private static double[] point(JsonNode value) {
    String text = value.get(1).asString();
    double number =
        switch (text) {
          case "NaN" -> Double.NaN;
          case "+Inf" -> Double.POSITIVE_INFINITY;
          case "-Inf" -> Double.NEGATIVE_INFINITY;
          default -> Double.parseDouble(text);
        };
    return new double[] {value.get(0).asDouble(), number};
  }
}
