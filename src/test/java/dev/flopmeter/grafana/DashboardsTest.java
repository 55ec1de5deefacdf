package dev.flopmeter.grafana;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/**
 * Rules for every dashboard, so that it works at once and can be read by others: those of Grafana's
 * own linter (github.com/grafana/dashboard-linter) and some more.
 */
class DashboardsTest {
  private static final Pattern RATE = Pattern.compile("\\b(rate|irate)\\([^)]*\\[([^\\]]+)]");

  private static final Pattern METRIC =
      Pattern.compile(
          "(?<![\\w:{$\"])(?:[a-z]\\w*:)?(?:flopmeter|process|jvm|scrape|vllm|sglang)[\\w:]*(\\{[^}]*})?");
  private static final Pattern COUNTER = Pattern.compile("[a-z][\\w:]*_total\\b");

  static List<Path> files() {
    return Dashboards.files();
  }

  @Test
  void theSevenDashboardsExist() {
    assertThat(files())
        .extracting(file -> file.getFileName().toString())
        .containsExactly(
            "daemon.json",
            "device.json",
            "fleet.json",
            "layers.json",
            "llm.json",
            "model.json",
            "node.json");
  }

  @ParameterizedTest
  @MethodSource("files")
  void choosesItsDataSourceJobInstanceDeviceAndWorkload(Path file) {
    assertThat(Dashboards.read(file).at("/templating/list"))
        .extracting(variable -> variable.get("name").asString())
        .containsExactly(
            switch (file.getFileName().toString()) {
              case "llm.json" -> new String[] {"datasource", "job", "instance", "model"};
              case "node.json" -> new String[] {"datasource", "job", "instance", "device"};
              default -> new String[] {"datasource", "job", "instance", "device", "workload"};
            });
  }

  @ParameterizedTest
  @MethodSource("files")
  void saysOnEachPanelWhatItShowsAndInWhichUnit(Path file) {
    for (JsonNode panel : Dashboards.panels(Dashboards.read(file))) {
      String title = panel.get("title").asString();
      assertThat(title).isNotBlank();
      assertThat(panel.get("description").asString()).as(title).hasSizeGreaterThan(10);
      assertThat(panel.at("/fieldConfig/defaults/unit").asString()).as(title).isNotBlank();
      assertThat(panel.at("/datasource/uid").asString()).as(title).isEqualTo("${datasource}");
      panel
          .get("targets")
          .forEach(
              target ->
                  assertThat(target.at("/datasource/uid").asString())
                      .as(title)
                      .isEqualTo("${datasource}"));
    }
  }

  @ParameterizedTest
  @MethodSource("files")
  void linksToTheOthersAndHasUniquePanelIdsThatDoNotOverlap(Path file) {
    JsonNode dashboard = Dashboards.read(file);
    assertThat(dashboard.at("/links/0/tags/0").asString()).isEqualTo("flopmeter");
    assertThat(dashboard.get("uid").asString()).startsWith("flopmeter-");
    Set<Integer> ids = new HashSet<>();
    Set<String> cells = new HashSet<>();
    for (JsonNode panel : dashboard.get("panels")) {
      assertThat(ids.add(panel.get("id").asInt())).isTrue();
      JsonNode at = panel.get("gridPos");
      for (int x = 0; x < at.get("w").asInt(); x++) {
        for (int y = 0; y < at.get("h").asInt(); y++) {
          String cell = at.get("x").asInt() + x + "," + (at.get("y").asInt() + y);
          assertThat(cells.add(cell)).as("%s covers %s", panel.get("title"), cell).isTrue();
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("files")
  void markWhenAnotherVersionCame(Path file) {
    assertThat(Dashboards.read(file).at("/annotations/list"))
        .extracting(annotation -> annotation.path("name").asString(""))
        .contains("flopmeter version changed");
  }

  @Test
  void followTheScrapeIntervalWhereTheyTakeRates() {
    for (Dashboards.Query query : Dashboards.queries()) {
      RATE.matcher(query.expression())
          .results()
          .forEach(
              rate ->
                  assertThat(rate.group(2)).as(query.toString()).isIn("$__rate_interval", "1h"));
    }
  }

  @Test
  void selectByJobAndInstanceEverywhereSoThatAFleetCanBeNarrowedDown() {
    for (Dashboards.Query query : Dashboards.queries()) {
      // A roll-up has no instances
      if (!query.expression().matches("(model|device_name|fleet):[a-z_:]+")) {
        assertThat(selectors(query.expression()))
            .as(query.toString())
            .isNotEmpty()
            .allSatisfy(
                selector ->
                    assertThat(selector).contains("job=~\"$job\"", "instance=~\"$instance\""));
      }
    }
  }

  private static List<String> selectors(String expression) {
    return METRIC.matcher(expression).results().map(MatchResult::group).toList();
  }

  @Test
  void showCountersOnlyAsRates() {
    for (Dashboards.Query query : Dashboards.queries()) {
      COUNTER
          .matcher(query.expression())
          .results()
          .forEach(
              counter ->
                  assertThat(query.expression().substring(0, counter.start()))
                      .as(query.toString())
                      .matches("(?s).*\\b(rate|irate|increase)\\("));
    }
  }

  @ParameterizedTest
  @MethodSource("files")
  void nameEverySeriesOfAGraph(Path file) {
    for (JsonNode panel : Dashboards.panels(Dashboards.read(file))) {
      panel
          .get("targets")
          .forEach(
              target ->
                  assertThat(target.path("legendFormat").asString(""))
                      .as(panel.get("title").asString())
                      .isNotBlank());
    }
  }

  /** Edits of a provisioned dashboard are lost at the next start, so they must be disabled. */
  @ParameterizedTest
  @MethodSource("files")
  void areNotEditedInPlaceAndFollowTheTimeRange(Path file) {
    JsonNode dashboard = Dashboards.read(file);
    assertThat(dashboard.get("editable").asBoolean()).isFalse();
    for (JsonNode variable : dashboard.at("/templating/list")) {
      if (variable.get("type").asString().equals("query")) {
        assertThat(variable.get("refresh").asInt()).as(variable.toString()).isEqualTo(2);
        assertThat(variable.at("/datasource/uid").asString()).isEqualTo("${datasource}");
        assertThat(variable.get("definition").asString())
            .isEqualTo(variable.at("/query/query").asString())
            .startsWith("label_values(");
      }
    }
  }
}
