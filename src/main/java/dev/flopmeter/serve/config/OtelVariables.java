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

  private record Variable(String name, String value) {}

  private final Section otlp;
  private final boolean isEnabled;
  private final Map<String, String> variables = new HashMap<>();

  OtelVariables(Section otlp, Map<String, String> environment) {
    this.otlp = otlp;
    isEnabled = otlp.get("enabled", Boolean.class);
    if (isEnabled) { // errors in other programs' settings do not concern a daemon that does not
      // push
      environment.forEach((name, value) -> variables.put(name, value.strip()));
      variables.values().removeIf(String::isEmpty);
    }
  }

  Otlp read() {
    boolean isDisabled =
        variables.getOrDefault("OTEL_SDK_DISABLED", "").equalsIgnoreCase("true")
            || variables.getOrDefault("OTEL_METRICS_EXPORTER", "").equals("none");
    requireOneOf("PROTOCOL", "http/protobuf");
    requireOneOf("COMPRESSION", "gzip", "none");
    Map<String, String> resource = new LinkedHashMap<>();
    set("OTEL_RESOURCE_ATTRIBUTES").ifPresent(given -> resource.putAll(pairs(given)));
    set("OTEL_SERVICE_NAME").ifPresent(given -> resource.put("service.name", given.value()));
    Section own = otlp.section("headers");
    Map<String, String> headers = new LinkedHashMap<>();
    exporter("HEADERS").ifPresent(given -> headers.putAll(pairs(given)));
    headers.putAll(own.texts());
    // Of one that cannot be sent the failure would tell the log, with its value.
    headers.forEach(
        (name, value) -> {
          boolean isName = name.matches("[!#$%&'*+.^_`|~0-9A-Za-z-]+");
          String rule =
              isName
                  ? "its value is not printable ASCII"
                  : "a name has letters, digits and dashes only";
          String wrong = "cannot be sent: " + rule;
          if (isName && Printable.isPlain(value)) {
            return;
          } else if (own.has(name)) {
            own.problem(name, wrong);
          } else {
            problem(exporter("HEADERS").orElseThrow(), name + " " + wrong);
          }
        });
    return new Otlp(
        isEnabled && !isDisabled,
        url(),
        milliseconds("interval", set("OTEL_METRIC_EXPORT_INTERVAL")),
        milliseconds("timeout", exporter("TIMEOUT")),
        exporter("COMPRESSION").filter(given -> given.value().equals("gzip")).isPresent(),
        otlp.get("conventions", String.class).equals("opentelemetry"),
        Map.copyOf(headers),
        Map.copyOf(resource));
  }

  private String url() {
    Optional<Variable> variable = exporter("ENDPOINT").filter(given -> !otlp.has("url"));
    String url = variable.map(Variable::value).orElse(otlp.get("url", String.class));
    if (!ConfigReader.isHttp(url)) {
      String wrong = "\"" + url + "\": expected an http or https address";
      variable.ifPresentOrElse(given -> problem(given, wrong), () -> otlp.problem("url", wrong));
    }
    // That of all signals is where their paths begin.
    return variable.filter(given -> given.name().equals(EXPORTER + "ENDPOINT")).isPresent()
        ? url.replaceFirst("/*$", "/v1/metrics")
        : url;
  }

  private Duration milliseconds(String key, Optional<Variable> variable) {
    if (variable.isPresent() && !otlp.has(key)) {
      String value = variable.get().value();
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
        .filter(given -> !List.of(choices).contains(given.value()))
        .ifPresent(
            given ->
                problem(
                    given,
                    "\"%s\": only %s is supported"
                        .formatted(given.value(), String.join(" or ", choices))));
  }

  /**
   * Pairs as {@code KEY=VALUE,...}, percent-encoded. Values may be secret, so no message has them.
   */
  private Map<String, String> pairs(Variable variable) {
    Map<String, String> pairs = new LinkedHashMap<>();
    for (String pair : variable.value().split(",", -1)) {
      String[] parts = pair.strip().split("\\s*=\\s*", 2);
      try {
        if (parts.length == 2 && !parts[0].isEmpty()) {
          String value = parts[1].replace("+", "%2B");
          pairs.put(parts[0], URLDecoder.decode(value, StandardCharsets.UTF_8));
        } else if (!pair.isBlank()) {
          problem(variable, "expected KEY=VALUE,KEY=VALUE");
        }
      } catch (IllegalArgumentException e) {
        problem(variable, "the value of " + parts[0] + " is not percent-encoded");
      }
    }
    return pairs;
  }

  private void problem(Variable variable, String message) {
    otlp.problem("enabled", variable.name() + ": " + message);
  }

  /** The variable of the exporter that is set, that of metrics first. */
  private Optional<Variable> exporter(String what) {
    return set(EXPORTER + "METRICS_" + what).or(() -> set(EXPORTER + what));
  }

  private Optional<Variable> set(String name) {
    return Optional.ofNullable(variables.get(name)).map(value -> new Variable(name, value));
  }
}
