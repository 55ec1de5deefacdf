package dev.flopmeter.serve.config;

import dev.flopmeter.serve.config.ServeConfig.Otlp;
import dev.flopmeter.text.Printable;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The section {@code otlp}, completed by the environment variables of OpenTelemetry's exporters. A
 * key of the file comes before its variable, and a variable of metrics alone before that of all
 * signals.
 *
 * @see <a href="https://opentelemetry.io/docs/specs/otel/protocol/exporter/">The exporter's
 *     specification</a>
 */
final class OtelVariables {
  private static final String EXPORTER = "OTEL_EXPORTER_OTLP_";
  private static final String PROTOCOL = "http/protobuf";

  private final Section otlp;
  private final boolean isEnabled;
  private final Map<String, String> variables = new HashMap<>();

  OtelVariables(Section otlp, Map<String, String> environment) {
    this.otlp = otlp;
    isEnabled = otlp.get("enabled", Boolean.class);
    if (isEnabled) { // what others read does not concern a daemon that does not push
      environment.forEach((name, value) -> variables.put(name, value.strip()));
      variables.values().removeIf(String::isEmpty);
    }
  }

  Otlp read() {
    boolean isDisabled =
        variables.getOrDefault("OTEL_SDK_DISABLED", "").equalsIgnoreCase("true")
            || variables.getOrDefault("OTEL_METRICS_EXPORTER", "").equals("none");
    requireOneOf("PROTOCOL", PROTOCOL);
    requireOneOf("COMPRESSION", "gzip", "none");
    Map<String, String> resource = new LinkedHashMap<>(pairs("OTEL_RESOURCE_ATTRIBUTES"));
    set("OTEL_SERVICE_NAME").ifPresent(name -> resource.put("service.name", variables.get(name)));
    Map<String, String> headers = new LinkedHashMap<>();
    exporter("HEADERS").ifPresent(name -> headers.putAll(headers(name)));
    headers.putAll(otlp.section("headers").texts());
    return new Otlp(
        isEnabled && !isDisabled,
        url(),
        milliseconds("interval", set("OTEL_METRIC_EXPORT_INTERVAL")),
        milliseconds("timeout", exporter("TIMEOUT")),
        exporter("COMPRESSION").map(variables::get).filter("gzip"::equals).isPresent(),
        otlp.get("conventions", String.class).equals("opentelemetry"),
        Map.copyOf(headers),
        Map.copyOf(resource));
  }

  private String url() {
    String url = otlp.get("url", String.class);
    Optional<String> variable = exporter("ENDPOINT");
    if (variable.isEmpty() || otlp.has("url")) {
      if (!ConfigReader.isHttp(url)) {
        otlp.problem("url", "\"" + url + "\": expected an http or https address");
      }
      return url;
    }
    String name = variable.get();
    String given = variables.getOrDefault(name, "");
    if (!ConfigReader.isHttp(given)) {
      problem(name, "\"" + given + "\": expected an http or https address");
    }
    // That of all signals is where their paths begin.
    return name.equals(EXPORTER + "ENDPOINT") ? given.replaceFirst("/*$", "/v1/metrics") : given;
  }

  private Duration milliseconds(String key, Optional<String> variable) {
    if (variable.isPresent() && !otlp.has(key)) {
      String value = variables.getOrDefault(variable.get(), "");
      try {
        return (Duration) otlp.parsed(key, value + "ms");
      } catch (IllegalArgumentException e) {
        problem(variable.get(), "\"" + value + "\" milliseconds: " + e.getMessage());
      }
    }
    return otlp.get(key, Duration.class);
  }

  private void requireOneOf(String what, String... choices) {
    exporter(what)
        .filter(name -> !List.of(choices).contains(variables.get(name)))
        .ifPresent(
            name ->
                problem(
                    name,
                    "\"%s\": only %s is supported"
                        .formatted(variables.get(name), String.join(" or ", choices))));
  }

  /** Headers that can be sent: of another one the failure would tell the log, with its value. */
  private Map<String, String> headers(String variable) {
    Map<String, String> headers = pairs(variable);
    if (!Printable.isPlain(String.join("", headers.keySet()) + headers.values())) {
      problem(variable, "a header holds a character that is not printable ASCII");
    }
    return headers;
  }

  /** Pairs as {@code KEY=VALUE,...}, percent-encoded. Values may be secret: no message has them. */
  private Map<String, String> pairs(String name) {
    Map<String, String> pairs = new LinkedHashMap<>();
    for (String pair : variables.getOrDefault(name, "").split(",", -1)) {
      String[] parts = pair.strip().split("\\s*=\\s*", 2);
      try {
        if (parts.length == 2 && !parts[0].isEmpty()) {
          String value = parts[1].replace("+", "%2B");
          pairs.put(parts[0], URLDecoder.decode(value, StandardCharsets.UTF_8));
        } else if (!pair.isBlank()) {
          problem(name, "expected KEY=VALUE,KEY=VALUE");
        }
      } catch (IllegalArgumentException e) {
        problem(name, "the value of " + parts[0] + " is not percent-encoded");
      }
    }
    return pairs;
  }

  private void problem(String variable, String message) {
    otlp.problem("enabled", variable + ": " + message);
  }

  /** The variable of the exporter that is set, that of metrics first. */
  private Optional<String> exporter(String what) {
    return set(EXPORTER + "METRICS_" + what).or(() -> set(EXPORTER + what));
  }

  private Optional<String> set(String name) {
    return Optional.of(name).filter(variables::containsKey);
  }
}
