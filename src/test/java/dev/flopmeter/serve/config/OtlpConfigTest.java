package dev.flopmeter.serve.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The otlp section, and OpenTelemetry's variables. */
class OtlpConfigTest {
  @TempDir private Path folder;

  private ServeConfig.Otlp otlp(String section, Map<String, String> environment) throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("otlp.yaml"), "workloads: {one: {model: resnet50}}\notlp: " + section);
    return new ConfigReader(environment, Set.of("resnet50"), Optional.empty(), Optional.empty())
        .read(file)
        .otlp();
  }

  @Test
  void openTelemetrysVariablesCompleteWhatTheFileLeavesOpen() throws Exception {
    Map<String, String> environment =
        Map.of(
            "OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/",
            "OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf",
            "OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%2Cb+c, tenant = t",
            "OTEL_EXPORTER_OTLP_COMPRESSION", "gzip",
            "OTEL_EXPORTER_OTLP_TIMEOUT", "2500",
            "OTEL_METRIC_EXPORT_INTERVAL", "15000",
            "OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=lab,service.name=other",
            "OTEL_SERVICE_NAME", "gpus");
    ServeConfig.Otlp open = otlp("{enabled: true}", environment);
    assertThat(open.enabled()).isTrue();
    assertThat(open.url()).isEqualTo("http://collector:4318/v1/metrics");
    assertThat(open.interval()).isEqualTo(Duration.ofSeconds(15));
    assertThat(open.timeout()).isEqualTo(Duration.ofMillis(2500));
    assertThat(open.isGzipped()).isTrue();
    assertThat(open.headers()).isEqualTo(Map.of("api-key", "a,b+c", "tenant", "t"));
    assertThat(open.resource())
        .isEqualTo(Map.of("deployment.environment.name", "lab", "service.name", "gpus"));

    ServeConfig.Otlp own =
        otlp(
            "{enabled: true, url: \"http://own/m\", interval: 2s, headers: {tenant: mine}}",
            environment);
    assertThat(own.url()).isEqualTo("http://own/m");
    assertThat(own.interval()).isEqualTo(Duration.ofSeconds(2));
    assertThat(own.headers()).containsEntry("tenant", "mine").containsEntry("api-key", "a,b+c");
  }

  @Test
  void variablesOfMetricsAloneComeFirstAndAreTakenAsTheyAre() throws Exception {
    ServeConfig.Otlp otlp =
        otlp(
            "{enabled: true}",
            Map.of(
                "OTEL_EXPORTER_OTLP_ENDPOINT", "http://all:4318",
                "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://metrics:4318/here",
                "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc",
                "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/protobuf"));
    assertThat(otlp.url()).isEqualTo("http://metrics:4318/here");
    assertThat(otlp("{enabled: true}", Map.of("OTEL_SDK_DISABLED", "true")).enabled()).isFalse();
    assertThat(otlp("{enabled: false}", Map.of("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")).enabled())
        .isFalse();
  }

  @Test
  void aVariableThatCannotBeHonouredIsRefusedInOneLineWithoutSecrets() {
    ConfigException refused =
        catchThrowableOfType(
            ConfigException.class,
            () ->
                otlp(
                    "{enabled: true}",
                    Map.of(
                        "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc",
                        "OTEL_METRIC_EXPORT_INTERVAL", "soon",
                        "OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318",
                        "OTEL_EXPORTER_OTLP_HEADERS", "hunter2")));
    assertThat(refused.problems())
        .hasSize(4)
        .allMatch(problem -> problem.contains(": otlp.enabled: OTEL_") && !problem.contains("\n"))
        .noneMatch(problem -> problem.contains("hunter2"))
        .anyMatch(
            problem ->
                problem.endsWith(
                    "OTEL_EXPORTER_OTLP_PROTOCOL: \"grpc\": only http/protobuf is supported"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "api-key=hunter2%0A | api-key cannot be sent: its value is not printable ASCII",
        "api key=hunter2    | api key cannot be sent: a name has letters, digits and dashes only",
      })
  void aHeaderThatCannotBeSentIsRefusedAtItsVariableWithoutItsValueWhichMayBeSecret(
      String headers, String wrong) {
    ConfigException refused =
        catchThrowableOfType(
            ConfigException.class,
            () ->
                otlp(
                    "{enabled: true, headers: {other: fine}}",
                    Map.of("OTEL_EXPORTER_OTLP_HEADERS", headers)));
    assertThat(refused.problems())
        .singleElement()
        .asString()
        .endsWith(":2: otlp.enabled: OTEL_EXPORTER_OTLP_HEADERS: " + wrong)
        .doesNotContain("hunter2");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "a b: hunter2   | a b: cannot be sent: a name has letters, digits and dashes only",
        "'a:b': hunter2 | a:b: cannot be sent: a name has letters, digits and dashes only",
        "é: hunter2     | é: cannot be sent: a name has letters, digits and dashes only",
        "x: hunter2é    | x: cannot be sent: its value is not printable ASCII",
      })
  void oneOfTheFileIsRefusedAtItsOwnLine(String header, String wrong) {
    ConfigException refused =
        catchThrowableOfType(
            ConfigException.class,
            () -> otlp("{enabled: true, headers: {y: fine,\n  " + header + "}}", Map.of()));
    assertThat(refused.problems())
        .singleElement()
        .asString()
        .endsWith(":3: otlp.headers." + wrong)
        .doesNotContain("hunter2");
  }

  @Test
  void aHeaderOfTheFileReplacesOneThatCannotBeSent() throws Exception {
    Map<String, String> environment = Map.of("OTEL_EXPORTER_OTLP_HEADERS", "api-key=%0A");
    assertThat(otlp("{enabled: true, headers: {api-key: mine}}", environment).headers())
        .isEqualTo(Map.of("api-key", "mine"));
  }
}
