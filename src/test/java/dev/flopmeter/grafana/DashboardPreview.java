package dev.flopmeter.grafana;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/**
 * Draws a dashboard from its JSON and a real Prometheus, as a static page: the source of the
 * pictures in {@code grafana/README.md}, because Grafana was not available. Grafana itself looks
 * different; the panels, their layout, queries, units and legends are those of the file.
 *
 * <p>Usage: {@code DashboardPreview DASHBOARD.json PROMETHEUS_URL MINUTES OUT.html
 * [VARIABLE=REGEX]...}
 */
public final class DashboardPreview {
  private static final String[] COLOURS = {
    "#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#96d98d",
    "#ffb357", "#c0d8ff"
  };
  private static final Pattern LEGEND = Pattern.compile("\\{\\{\\s*(\\w+)\\s*}}");
  private static final int CELL_W = 58;
  private static final int CELL_H = 30;

  private final PrometheusClient prometheus;
  private final Instant to;
  private final Instant from;
  private final Map<String, String> variables;
  private final StringBuilder html = new StringBuilder();

  private DashboardPreview(
      PrometheusClient prometheus, int minutes, Instant now, Map<String, String> variables) {
    this.prometheus = prometheus;
    this.variables = variables;
    this.to = now;
    this.from = now.minusSeconds(60L * minutes);
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> variables = new LinkedHashMap<>();
    for (int i = 4; i < args.length; i++) {
      int equals = args[i].indexOf('=');
      variables.put(args[i].substring(0, equals), args[i].substring(equals + 1));
    }
    DashboardPreview preview =
        new DashboardPreview(
            new PrometheusClient(args[1]), Integer.parseInt(args[2]), Instant.now(), variables);
    Files.writeString(Path.of(args[3]), preview.page(Dashboards.read(Path.of(args[0]))));
  }

  private String page(JsonNode dashboard) throws IOException, InterruptedException {
    html.append("<!doctype html><meta charset=utf-8><title>")
        .append(text(dashboard.get("title").asString()))
        .append(
            "</title><style>body{margin:0;background:#111217;color:#ccccdc;font:13px"
                + " Inter,Helvetica,Arial,sans-serif}")
        .append(
            "h1{font-size:18px;font-weight:500;margin:14px 16px"
                + " 4px}.grid{position:relative;margin:0 12px}")
        .append(
            ".p{position:absolute;background:#181b1f;border:1px solid"
                + " #25282e;border-radius:3px;overflow:hidden}")
        .append(
            ".p h2{font-size:13px;font-weight:500;margin:7px 10px"
                + " 2px}.row{position:absolute;font-size:15px;font-weight:500;padding-top:6px}")
        .append(
            ".big{font-size:20px;white-space:nowrap;font-weight:500;text-align:center;padding-top:8px}.sub{text-align:center;color:#9fa7b3;font-size:11px}")
        .append(
            "table{border-collapse:collapse;width:100%;font-size:12px}td,th{text-align:left;padding:4px"
                + " 10px;border-bottom:1px solid"
                + " #25282e;white-space:nowrap}th{color:#6e9fff;font-weight:500}")
        .append(
            ".bar{display:flex;align-items:center;margin:3px 10px;font-size:11px}.bar"
                + " span{width:46%;overflow:hidden;white-space:nowrap;text-overflow:ellipsis}.bar"
                + " i{display:block;height:14px;border-radius:2px}.bar"
                + " b{margin-left:6px;font-weight:500}")
        .append(
            ".legend{font-size:11px;margin:0 10px;color:#b4b7c0;line-height:1.5}.legend"
                + " i{display:inline-block;width:12px;height:3px;margin-right:5px;vertical-align:middle}.none{color:#7b8087;text-align:center;padding-top:20px}</style>");
    html.append("<h1>")
        .append(text(dashboard.get("title").asString()))
        .append("</h1><div class=grid>");
    int bottom = 0;
    for (JsonNode panel : dashboard.get("panels")) {
      JsonNode at = panel.get("gridPos");
      int x = at.get("x").asInt() * CELL_W;
      int y = at.get("y").asInt() * CELL_H;
      int w = at.get("w").asInt() * CELL_W - 8;
      int h = at.get("h").asInt() * CELL_H - 8;
      bottom = Math.max(bottom, y + h);
      boolean row = panel.get("type").asString().equals("row");
      html.append(
          String.format(
              Locale.ROOT,
              "<div class=%s style='left:%dpx;top:%dpx;width:%dpx;height:%dpx'>",
              row ? "row" : "p",
              x,
              y,
              w,
              h));
      html.append(row ? "\u25be " : "<h2>")
          .append(text(panel.get("title").asString()))
          .append(row ? "" : "</h2>");
      if (!row) {
        draw(panel, w, h - 28);
      }
      html.append("</div>");
    }
    return html.append("<div style='height:")
        .append(bottom + 20)
        .append("px'></div></div>")
        .toString();
  }

  /** A series with the legend of its query. */
  private record Line(String legend, int target, PrometheusClient.Series series) {}

  private void draw(JsonNode panel, int w, int h) throws IOException, InterruptedException {
    String unit = panel.at("/fieldConfig/defaults/unit").asString();
    String type = panel.get("type").asString();
    List<Line> lines = new ArrayList<>();
    int index = 0;
    for (JsonNode target : panel.get("targets")) {
      String expression =
          new Dashboards.Query("", "", chosen(target.get("expr").asString())).withVariables("5m");
      boolean instant = !type.equals("timeseries") && !type.equals("state-timeline");
      long step = Math.max(15, (to.getEpochSecond() - from.getEpochSecond()) / 160);
      List<PrometheusClient.Series> found =
          instant ? prometheus.query(expression) : prometheus.range(expression, from, to, step);
      for (PrometheusClient.Series series : found) {
        lines.add(
            new Line(
                legend(target.get("legendFormat").asString(), series.labels()), index, series));
      }
      index++;
    }
    if (lines.isEmpty()) {
      html.append("<div class=none>")
          .append(text(panel.at("/fieldConfig/defaults/noValue").asString("No data")))
          .append("</div>");
      return;
    }
    switch (type) {
      case "stat", "gauge" -> stat(panel, lines, unit, w);
      case "bargauge" -> bars(panel, lines, unit, h);
      case "table" -> table(panel, lines, h);
      case "heatmap" -> heat(lines, w, h);
      case "state-timeline" -> states(panel, lines, unit, w, h);
      default -> chart(panel, lines, unit, w, h);
    }
  }

  /** One strip per series, in the colours that its values map to. */
  private void states(JsonNode panel, List<Line> lines, String unit, int w, int h) {
    int rows = Math.min(lines.size(), Math.max(1, h / 22));
    double span = to.getEpochSecond() - from.getEpochSecond();
    double strip = Math.min(24, (double) (h - 6) / rows);
    html.append("<svg width=").append(w).append(" height=").append(h).append('>');
    for (int i = 0; i < rows; i++) {
      Line line = lines.get(i);
      html.append(
          String.format(
              Locale.ROOT,
              "<text x=%d y=%.1f fill='#9fa7b3' font-size=10 text-anchor=end>%s</text>",
              w / 2 - 6,
              strip * i + strip * 0.65,
              text(line.legend())));
      double width = (w / 2.0 - 16) * 1.02 / Math.max(1, 160);
      for (double[] point : line.series().points()) {
        html.append(
            String.format(
                Locale.ROOT,
                "<rect x=%.1f y=%.1f width=%.1f height=%.1f fill='%s'/>",
                w / 2 + (w / 2.0 - 16) * (point[0] - from.getEpochSecond()) / span,
                strip * i + 2,
                Math.max(width, (w / 2.0 - 16) * 15 / span + 0.5),
                strip - 4,
                threshold(panel, point[1])));
      }
      html.append(
          String.format(
              Locale.ROOT,
              "<text x=%d y=%.1f fill='#111217' font-size=10>%s</text>",
              w / 2 + 6,
              strip * i + strip * 0.65,
              text(mapped(panel, line.series().last(), unit))));
    }
    html.append("</svg>");
  }

  private String chosen(String expression) {
    String chosen = expression;
    for (Map.Entry<String, String> variable : variables.entrySet()) {
      chosen = chosen.replace("$" + variable.getKey(), variable.getValue());
    }
    return chosen;
  }

  private static String legend(String format, Map<String, String> labels) {
    return LEGEND
        .matcher(format)
        .replaceAll(
            match ->
                java.util.regex.Matcher.quoteReplacement(labels.getOrDefault(match.group(1), "")));
  }

  private void stat(JsonNode panel, List<Line> lines, String unit, int w) {
    html.append("<div style='display:flex;justify-content:space-around'>");
    lines.stream()
        .limit(Math.max(1, w / 170))
        .forEach(
            line -> {
              double value = line.series().last();
              String shown =
                  panel.at("/options/textMode").asString("").equals("name")
                      ? line.legend()
                      : mapped(panel, value, unit);
              html.append("<div><div class=big style='color:")
                  .append(threshold(panel, value))
                  .append("'>")
                  .append(text(shown))
                  .append("</div><div class=sub>")
                  .append(text(line.legend()))
                  .append("</div></div>");
            });
    html.append("</div>");
  }

  private static String mapped(JsonNode panel, double value, String unit) {
    for (JsonNode mapping : panel.at("/fieldConfig/defaults/mappings")) {
      JsonNode option = mapping.path("options").path(Integer.toString((int) value));
      if (option.has("text")) {
        return option.get("text").asString();
      }
    }
    return PanelUnit.format(unit, value);
  }

  private static String threshold(JsonNode panel, double value) {
    String colour = "green";
    for (JsonNode step : panel.at("/fieldConfig/defaults/thresholds/steps")) {
      if (step.get("value").isNull() || value >= step.get("value").asDouble()) {
        colour = step.get("color").asString();
      }
    }
    return switch (colour) {
      case "red" -> "#f2495c";
      case "orange" -> "#ff9830";
      case "yellow" -> "#fade2a";
      case "green" -> "#73bf69";
      case "blue" -> "#5794f2";
      default -> colour;
    };
  }

  private void bars(JsonNode panel, List<Line> lines, String unit, int h) {
    double max =
        panel
            .at("/fieldConfig/defaults/max")
            .asDouble(lines.stream().mapToDouble(line -> line.series().last()).max().orElse(1));
    boolean good =
        panel.at("/fieldConfig/defaults/color/mode").asString().equals("continuous-RdYlGr");
    lines.stream()
        .limit(h / 20)
        .forEach(
            line -> {
              double share = Math.max(0, Math.min(1, line.series().last() / (max == 0 ? 1 : max)));
              String colour =
                  good
                      ? String.format(
                          Locale.ROOT, "hsl(%.0f 60%% 50%%)", 120 * Math.min(1, share * 1.8))
                      : String.format(Locale.ROOT, "hsl(%.0f 60%% 60%%)", 260 - 60 * share);
              html.append("<div class=bar><span>")
                  .append(text(line.legend()))
                  .append("</span><i style='width:")
                  .append(String.format(Locale.ROOT, "%.1f", 38 * share + 0.3))
                  .append("%;background:")
                  .append(colour)
                  .append("'></i><b>")
                  .append(PanelUnit.format(unit, line.series().last()))
                  .append("</b></div>");
            });
  }

  private void table(JsonNode panel, List<Line> lines, int h) {
    JsonNode organize = null;
    for (JsonNode step : panel.path("transformations")) {
      organize = step.get("id").asString().equals("organize") ? step.get("options") : organize;
    }
    Map<String, Map<String, String>> rows = new LinkedHashMap<>();
    Map<String, String> units = units(panel);
    for (Line line : lines) {
      Map<String, String> labels = new LinkedHashMap<>(line.series().labels());
      List.of("__name__", "job", "quantile", "basis").forEach(labels::remove);
      String key = panel.get("targets").size() > 1 ? rowKey(labels) : labels.toString();
      Map<String, String> row = rows.computeIfAbsent(key, k -> new LinkedHashMap<>());
      labels.forEach(row::put);
      boolean isOne = panel.get("targets").size() == 1; // as Grafana names it
      String column = isOne ? "Value" : "Value #" + (char) ('A' + line.target());
      String title =
          organize == null ? column : organize.path("renameByName").path(column).asString(column);
      row.put(column, PanelUnit.format(units.getOrDefault(title, "short"), line.series().last()));
    }
    List<String> columns = new ArrayList<>();
    if (organize != null) {
      for (var entry : organize.path("renameByName").properties()) {
        if (rows.values().stream().anyMatch(row -> row.containsKey(entry.getKey()))) {
          columns.add(entry.getKey());
        }
      }
      JsonNode order = organize.path("indexByName");
      columns.sort(Comparator.comparingInt(column -> order.path(column).asInt(100)));
    }
    html.append("<table><tr>");
    for (String column : columns) {
      html.append("<th>").append(text(organize.path("renameByName").path(column).asString(column)));
    }
    rows.values().stream()
        .limit((h - 26) / 25)
        .forEach(
            row -> {
              html.append("<tr>");
              columns.forEach(
                  column -> html.append("<td>").append(text(row.getOrDefault(column, ""))));
            });
    html.append("</table>");
  }

  private static String rowKey(Map<String, String> labels) {
    return labels.getOrDefault("workload", "")
        + labels.getOrDefault("device", "")
        + labels.getOrDefault("instance", "")
        + labels.getOrDefault("precision", "")
        + labels.getOrDefault("batch", "")
        + labels.getOrDefault("layer", "");
  }

  private static Map<String, String> units(JsonNode panel) {
    Map<String, String> units = new LinkedHashMap<>();
    for (JsonNode override : panel.at("/fieldConfig/overrides")) {
      for (JsonNode property : override.get("properties")) {
        if (property.get("id").asString().equals("unit")) {
          units.put(override.at("/matcher/options").asString(), property.get("value").asString());
        }
      }
    }
    return units;
  }

  /** Prometheus' buckets are cumulative; each bucket's own share is drawn, the slowest on top. */
  private void heat(List<Line> cumulative, int w, int h) {
    List<Line> lines = new ArrayList<>();
    double below = 0;
    for (Line line :
        cumulative.stream()
            .filter(line -> !line.legend().equals("+Inf"))
            .sorted(Comparator.comparingDouble(line -> Double.parseDouble(line.legend())))
            .toList()) {
      double all = line.series().last();
      lines.add(
          new Line(
              line.legend() + " s",
              0,
              new PrometheusClient.Series(Map.of(), List.of(new double[] {0, all - below}))));
      below = all;
    }
    double max = lines.stream().mapToDouble(line -> line.series().last()).max().orElse(1);
    html.append("<svg width=").append(w).append(" height=").append(h).append('>');
    int rows = lines.size();
    for (int i = 0; i < rows; i++) {
      double share = max == 0 ? 0 : lines.get(i).series().last() / max;
      html.append(
          String.format(
              Locale.ROOT,
              "<rect x=60 y=%.1f width=%.1f height=%.1f fill='#5794f2' opacity=%.2f /><text x=52"
                  + " y=%.1f fill='#9fa7b3' font-size=10 text-anchor=end>%s</text>",
              (double) (h - 10) * (rows - 1 - i) / rows,
              (w - 80) * share,
              (double) (h - 10) / rows - 1,
              0.2 + 0.7 * share,
              (double) (h - 10) * (rows - i) / rows - 2,
              text(lines.get(i).legend())));
    }
    html.append("</svg>");
  }

  private void chart(JsonNode panel, List<Line> lines, String unit, int w, int h) {
    int shown = Math.min(lines.size(), 8);
    int plot = h - 20 - 17 * Math.min(shown, 4);
    boolean log =
        panel.at("/fieldConfig/defaults/custom/scaleDistribution/type").asString("").equals("log");
    double low = log ? Double.MAX_VALUE : 0;
    double high = 0;
    for (Line line : lines) {
      for (double[] point : line.series().points()) {
        if (Double.isFinite(point[1])) {
          high = Math.max(high, point[1]);
          low = !log || point[1] > 0 ? Math.min(low, point[1]) : low;
        }
      }
    }
    high = high == 0 ? 1 : high * 1.08;
    html.append("<svg width=").append(w).append(" height=").append(plot + 18).append('>');
    for (int i = 0; i <= 4; i++) {
      double y = 8 + (plot - 8) * (1 - i / 4.0);
      double value = log ? low * Math.pow(high / low, i / 4.0) : low + (high - low) * i / 4;
      html.append(
          String.format(
              Locale.ROOT,
              "<line x1=90 x2=%d y1=%.1f y2=%.1f stroke='#25282e'/><text x=84 y=%.1f fill='#9fa7b3'"
                  + " font-size=10 text-anchor=end>%s</text>",
              w - 8,
              y,
              y,
              y + 3,
              text(PanelUnit.format(unit, value))));
    }
    double span = to.getEpochSecond() - from.getEpochSecond();
    for (int i = 0; i < shown; i++) {
      StringBuilder path = new StringBuilder();
      boolean pen = false;
      for (double[] point : lines.get(i).series().points()) {
        if (!Double.isFinite(point[1]) || (log && point[1] <= 0)) {
          pen = false;
          continue;
        }
        double share =
            log ? Math.log(point[1] / low) / Math.log(high / low) : (point[1] - low) / (high - low);
        path.append(
            String.format(
                Locale.ROOT,
                "%s%.1f %.1f ",
                pen ? "L" : "M",
                90 + (w - 98) * (point[0] - from.getEpochSecond()) / span,
                8 + (plot - 8) * (1 - share)));
        pen = true;
      }
      html.append("<path d='")
          .append(path)
          .append("' fill=none stroke-width=1.6 stroke='")
          .append(COLOURS[i % COLOURS.length])
          .append("'/>");
    }
    html.append("</svg><div class=legend>");
    for (int i = 0; i < Math.min(shown, 4); i++) {
      html.append("<div><i style='background:")
          .append(COLOURS[i % COLOURS.length])
          .append("'></i>")
          .append(text(lines.get(i).legend()))
          .append(" \u2014 ")
          .append(PanelUnit.format(unit, lines.get(i).series().last()))
          .append("</div>");
    }
    html.append("</div>");
  }

  private static String text(String raw) {
    return raw.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
