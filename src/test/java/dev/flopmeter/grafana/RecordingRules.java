package dev.flopmeter.grafana;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** The shipped recording rules, for expanding the recorded names in a query. */
public final class RecordingRules {
  private final Map<String, String> expressions = new LinkedHashMap<>();

  private RecordingRules() {}

  public static RecordingRules shipped() {
    RecordingRules rules = new RecordingRules();
    Path file = Path.of("config/prometheus/flopmeter-recording.yml");
    for (JsonNode group : new YAMLMapper().readTree(file.toFile()).get("groups")) {
      for (JsonNode rule : group.get("rules")) {
        // For rules with the same name but different labels, one is used for all.
        rules.expressions.put(
            rule.get("record").asString(), rule.get("expr").asString().replaceAll("\\s+", " "));
      }
    }
    return rules;
  }

  /** Replaces every recorded name by its expression, and drops selectors that match everything. */
  public String expand(String query) {
    String before = "";
    String expanded = query;
    while (!expanded.equals(before)) {
      before = expanded;
      for (Map.Entry<String, String> rule : expressions.entrySet()) {
        Pattern recorded =
            Pattern.compile(Pattern.quote(rule.getKey()) + "(?:\\{[^}]*})?(?:\\[(\\w+)])?");
        expanded =
            recorded
                .matcher(expanded)
                .replaceAll(
                    match ->
                        Matcher.quoteReplacement(
                            "("
                                + rule.getValue().strip()
                                + ")"
                                + (match.group(1) == null ? "" : "[" + match.group(1) + ":1m]")));
      }
    }
    return expanded;
  }
}
