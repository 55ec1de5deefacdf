package dev.flopmeter.grafana;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The shipped dashboards, and their queries. */
public final class Dashboards {
  private static final Path FOLDER = Path.of("grafana", "dashboards");

  private Dashboards() {}

  /** One query of one panel, with its variables. */
  public record Query(String dashboard, String panel, String expression) {
    @Override
    public String toString() {
      return dashboard + " / " + panel;
    }

    /** The query with every variable set to match everything. */
    public String withVariables(String window) {
      return expression
          .replace("$__rate_interval", window)
          .replace("$__range", window)
          .replace("\"$job\"", "\".*\"")
          .replace("\"$instance\"", "\".*\"")
          .replace("\"$device\"", "\".*\"")
          .replace("\"$model\"", "\".*\"")
          .replace("\"$workload\"", "\".*\"");
    }
  }

  public static List<Path> files() {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files.filter(file -> file.toString().endsWith(".json")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static JsonNode read(Path file) {
    return JsonMapper.shared().readTree(file.toFile());
  }

  /** All panels except row headings. */
  public static List<JsonNode> panels(JsonNode dashboard) {
    List<JsonNode> panels = new ArrayList<>();
    dashboard
        .get("panels")
        .forEach(
            panel -> {
              if (!panel.get("type").asString().equals("row")) {
                panels.add(panel);
              }
            });
    return panels;
  }

  /** Every query of every panel of every dashboard. */
  public static List<Query> queries() {
    List<Query> queries = new ArrayList<>();
    for (Path file : files()) {
      JsonNode dashboard = read(file);
      for (JsonNode panel : panels(dashboard)) {
        panel
            .get("targets")
            .forEach(
                target ->
                    queries.add(
                        new Query(
                            dashboard.get("title").asString(),
                            panel.get("title").asString(),
                            target.get("expr").asString())));
      }
    }
    return queries;
  }
}
