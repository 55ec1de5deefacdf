package dev.flopmeter.grafana;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** Recording rules, alerts and the dashboards' queries, read by Prometheus' own parser. */
class RulesTest {
  private static final Path RULES = Path.of("config", "prometheus");

  @Test
  void recordingRulesAndAlertsAreValid() throws Exception {
    Promtool.accepts(
        "check",
        "rules",
        RULES.resolve("flopmeter-recording.yml").toString(),
        RULES.resolve("flopmeter-alerts.yml").toString(),
        RULES.resolve("flopmeter-llm.yml").toString());
  }

  @Test
  void theScrapeConfigurationIsValid() throws Exception {
    Promtool.accepts("check", "config", "config/prometheus.yml");
  }

  @Test
  void everyAlertFiresWhenItShouldAndOnlyThen() throws Exception {
    Promtool.accepts(
        "test",
        "rules",
        RULES.resolve("tests/alerts.yml").toString(),
        RULES.resolve("tests/llm.yml").toString());
  }

  @Test
  void everyAlertHasATestThatFiresAndOneThatDoesNot() throws Exception {
    String tests =
        Files.readString(RULES.resolve("tests/alerts.yml"))
            + Files.readString(RULES.resolve("tests/llm.yml"));
    for (String alert : alerts()) {
      assertThat(tests).as(alert).containsPattern("alertname: " + alert + "\n +exp_alerts:\n");
      assertThat(tests).as(alert).containsPattern("alertname: " + alert + "\n +exp_alerts: \\[]");
    }
  }

  @Test
  void theDocumentedQueryIsATestedOne() throws Exception {
    String tests = Files.readString(RULES.resolve("tests/llm.yml")).replaceAll("\\s+", " ");
    Matcher query =
        Pattern.compile("```\n(label_replace\\(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(Path.of("docs", "fleet.md")));
    assertThat(query.find()).isTrue();
    assertThat(tests).contains(query.group(1).strip().replaceAll("\\s+", " "));
  }

  private static Set<String> alerts() throws Exception {
    return Pattern.compile("alert: (\\w+)")
        .matcher(
            Files.readString(RULES.resolve("flopmeter-alerts.yml"))
                + Files.readString(RULES.resolve("flopmeter-llm.yml")))
        .results()
        .map(match -> match.group(1))
        .collect(Collectors.toSet());
  }

  @Test
  void everyQueryOfEveryDashboardParses(@TempDir Path folder) throws Exception {
    List<Dashboards.Query> queries = Dashboards.queries();
    assertThat(queries).hasSizeGreaterThan(60);
    StringBuilder rules = new StringBuilder("groups:\n- name: dashboards\n  rules:\n");
    for (int i = 0; i < queries.size(); i++) {
      String expression =
          JsonMapper.shared().writeValueAsString(queries.get(i).withVariables("5m"));
      rules
          .append("  - record: query:")
          .append(i)
          .append("\n    expr: ")
          .append(expression)
          .append('\n');
    }
    Path file = Files.writeString(folder.resolve("queries.yml"), rules);
    Promtool.accepts("check", "rules", file.toString());
  }
}
