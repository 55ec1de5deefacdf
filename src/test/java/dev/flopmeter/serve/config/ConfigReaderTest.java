package dev.flopmeter.serve.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.flopmeter.serve.config.ServeConfig.Workload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigReaderTest {
  @TempDir private Path folder;

  private final ConfigReader reader = new ConfigReader(Map.of("HOME", "/home/somebody"), Set.of());

  private ServeConfig read(String yaml) throws ConfigException, IOException {
    return reader.read(Files.writeString(folder.resolve("f.yaml"), yaml));
  }

  /** The problems without the folder's name. */
  private String problems(String yaml) {
    ConfigException e = catchThrowableOfType(ConfigException.class, () -> read(yaml));
    assertThat(e).isNotNull();
    return e.problems().stream()
        .map(problem -> problem.toString().replace(folder + "/", ""))
        .collect(Collectors.joining("\n"));
  }

  @Test
  void allDefaults() throws Exception {
    ServeConfig config = read("workloads: {one: {model: resnet50}}");

    assertThat(config.http())
        .isEqualTo(
            new ServeConfig.Http(
                "127.0.0.1",
                9400,
                false,
                1024,
                256,
                Duration.ofSeconds(5),
                Duration.ofMinutes(1),
                16 << 10,
                Optional.empty(),
                Map.of()));
    assertThat(config.workloads())
        .containsExactly(
            new Workload(
                "one",
                "resnet50",
                List.of("auto"),
                "auto",
                List.of("fp32"),
                List.of(1L),
                List.of(),
                "auto",
                true,
                Duration.ofMinutes(10),
                0.1,
                Duration.ofSeconds(15),
                Duration.ofMinutes(5),
                new ServeConfig.Gate(Optional.empty(), Optional.empty())));
    assertThat(config.worker())
        .isEqualTo(
            new ServeConfig.Worker(
                Duration.ofSeconds(5), 16L << 30, Duration.ofHours(1), 5, Duration.ofMinutes(30)));
    assertThat(config.history())
        .isEqualTo(
            new ServeConfig.History(
                Optional.of(Path.of("/home/somebody/.local/state/flopmeter")),
                64 << 20,
                Duration.ofDays(90),
                20,
                0.1));
    assertThat(config.metrics()).isEqualTo(new ServeConfig.Metrics(20, 20_000));
    assertThat(config.otlp())
        .isEqualTo(
            new ServeConfig.Otlp(
                false, "http://127.0.0.1:4318/v1/metrics", Duration.ofMinutes(1), Map.of()));
    assertThat(reader.standard().workloads().get(0).model()).isEqualTo("resnet50");
  }

  @Test
  void everyKey() throws Exception {
    Files.writeString(folder.resolve("cert.pem"), "");
    Files.writeString(folder.resolve("key.pem"), "");
    String hash = "$2y$10$abcdefghijklmnopqrstuuW5V9a0tqGqB3l0l6kQkqjWz7V8YwK3u";
    String yaml =
        """
        http:
          listen: "[::1]:0"
          reload: true
          max_connections: 10
          threads: 3
          request_time: 2s
          response_time: 3m
          max_header_size: 8KiB
          tls: {certificate: cert.pem, key: key.pem}
          users: {somebody: "%s"}
        workloads:
          two:
            model: nets/a.onnx
            device: [cpu, 'cuda:1']
            backend: djl
            precision: [fp16, bf16]
            batch: [1, 32]
            input: x=1x3x8x8
            layout: nhwc
            fuse: false
            interval: 1.5h
            jitter: 0%%
            max_time: 250ms
            timeout: 90s
            only_when: {utilization_below: 10%%, memory_free_above: 4GiB}
        worker: {grace: 1s, max_memory: 2GiB, max_backoff: 2h, quarantine_after: 2, quarantine_retry: 1d}
        history: {folder: kept, max_size: 2MiB, max_age: 3d, baseline_runs: 5, regression_threshold: 3%%}
        metrics: {layers: 0, max_series: 500}
        otlp: {enabled: true, url: "https://collector/v1/metrics", interval: 10s, headers: {Authorization: Bearer x}}
        """
            .formatted(hash);

    ServeConfig config = read(yaml);

    assertThat(config.http())
        .isEqualTo(
            new ServeConfig.Http(
                "::1",
                0,
                true,
                10,
                3,
                Duration.ofSeconds(2),
                Duration.ofMinutes(3),
                8 << 10,
                Optional.of(
                    new ServeConfig.Tls(folder.resolve("cert.pem"), folder.resolve("key.pem"))),
                Map.of("somebody", hash)));
    assertThat(config.workloads())
        .containsExactly(
            new Workload(
                "two",
                folder.resolve("nets/a.onnx").toString(),
                List.of("cpu", "cuda:1"),
                "djl",
                List.of("fp16", "bf16"),
                List.of(1L, 32L),
                List.of("x=1x3x8x8"),
                "nhwc",
                false,
                Duration.ofMinutes(90),
                0,
                Duration.ofMillis(250),
                Duration.ofSeconds(90),
                new ServeConfig.Gate(Optional.of(0.1), Optional.of(4L << 30))));
    assertThat(config.worker())
        .isEqualTo(
            new ServeConfig.Worker(
                Duration.ofSeconds(1), 2L << 30, Duration.ofHours(2), 2, Duration.ofDays(1)));
    assertThat(config.history())
        .isEqualTo(
            new ServeConfig.History(
                Optional.of(folder.resolve("kept")), 2 << 20, Duration.ofDays(3), 5, 0.03));
    assertThat(config.metrics()).isEqualTo(new ServeConfig.Metrics(0, 500));
    assertThat(config.otlp().headers()).containsEntry("Authorization", "Bearer x");
    // A key that this file does not set is a key that no test sets.
    assertThat(Keys.all()).allMatch(key -> key.path().contains("*.") || yaml.contains(named(key)));
    assertThat(config.toString()).doesNotContain(hash).doesNotContain("Bearer");
  }

  private static String named(Key<?> key) {
    return key.name().equals("*") ? "" : key.name() + ":";
  }

  @Test
  void everyProblemIsToldAtOnceWithItsLineAndKey() {
    assertThat(
            problems(
                """
                http:
                  listen: 9400
                  lisen: 127.0.0.1:1
                workloads:
                  one:
                    modell: resnet50
                    interval: 10
                    batch: [1, 0, 1]
                    precision: fp23
                    device: cuda
                  two words: {model: resnet50, timeout: 5s}
                metric: {}
                history: [1]
                """))
        .isEqualTo(
            """
            f.yaml:2: http.listen: "9400": expected ADDRESS:PORT such as 127.0.0.1:9400 or [::1]:9400
            f.yaml:3: http.lisen: unknown key; did you mean listen?
            f.yaml:5: workloads.one.model: is missing; name a built-in model or an .onnx file
            f.yaml:6: workloads.one.modell: unknown key; did you mean model?
            f.yaml:7: workloads.one.interval: "10": expected a duration such as 15s, 10m or 30d
            f.yaml:8: workloads.one.batch: "0": expected a whole number from 1 to 1000000
            f.yaml:8: workloads.one.batch: 1 is in the list twice
            f.yaml:9: workloads.one.precision: "fp23": expected one of fp32, tf32, fp16, bf16; did you mean fp32?
            f.yaml:10: workloads.one.device: "cuda": expected auto, all, cpu or cuda:N
            f.yaml:11: workloads.two words: is no workload name; use letters, digits, dots, dashes and underscores, 64 at most
            f.yaml:11: workloads.two words.timeout: must be longer than max_time, 15s, for one batch size alone
            f.yaml:12: metric: unknown key; did you mean metrics?
            f.yaml:13: history: is a list; expected a section""");
  }

  @Test
  void secretsAreNotRepeated() {
    assertThat(problems("workloads: {a: {model: m}}\nhttp: {users: {me: hunter2}}"))
        .isEqualTo(
            "f.yaml:2: http.users.me: is no bcrypt hash; make one with htpasswd -nBC 10 NAME");
  }

  @Test
  void halfOfTlsAndFilesThatAreNotThere() {
    assertThat(problems("workloads: {a: {model: m}}\nhttp:\n  tls: {certificate: gone.pem}"))
        .isEqualTo("f.yaml:3: http.tls.key: is missing; TLS needs a certificate and its key");
    assertThat(problems("workloads: {a: {model: m}}\nhttp:\n  tls: {certificate: c, key: k}"))
        .contains("f.yaml:3: http.tls.certificate: \"c\": no such file that can be read");
  }

  @Test
  void whatIsNoConfigurationAtAll() {
    assertThat(problems("workloads: {a: {model: m}")).startsWith("f.yaml:1: is no valid YAML: ");
    assertThat(problems("workloads:\n\ta: {model: m}"))
        .startsWith("f.yaml:2: is no valid YAML: ")
        .contains("Do not use")
        .doesNotContain("\t");
    assertThat(problems("x: &m {model: m}\nworkloads:\n  a: *m"))
        .isEqualTo("f.yaml:3: workloads.a: is a YAML alias; write the value out");
    assertThat(problems("- a")).startsWith("f.yaml:1: is a list at its top");
    assertThat(problems(""))
        .isEqualTo("f.yaml:1: workloads.NAME: is missing; name at least one workload");
    assertThat(problems("a: 1\na: 2")).contains("f.yaml:2: a: is already given in line 1");
    assertThat(catchThrowableOfType(ConfigException.class, () -> reader.read(folder)))
        .hasMessageContaining("is a directory");
    assertThat(
            catchThrowableOfType(
                ConfigException.class, () -> reader.read(folder.resolve("none.yaml"))))
        .hasMessageContaining("is not there");
  }

  @Test
  void aKeyGivenTwiceDoesNotHideWhatElseIsWrong() {
    assertThat(
            problems(
                """
                workloads:
                  a:
                    model: m
                    batch:
                      - 1
                      - none
                    only_when:
                      memory_free: 4GiB
                  a: {model: m}
                """))
        .isEqualTo(
            """
            f.yaml:6: workloads.a.batch: "none": expected a whole number from 1 to 1000000
            f.yaml:8: workloads.a.only_when.memory_free: unknown key; did you mean memory_free_above?
            f.yaml:9: workloads.a: is already given in line 2""");
  }

  @Test
  void aModelThatNobodyKnowsIsFoundBeforeItRuns() throws Exception {
    ConfigReader strict = new ConfigReader(Map.of(), Set.of("resnet50", "vgg16"));
    Path file =
        Files.writeString(
            folder.resolve("f.yaml"),
            "workloads:\n  a: {model: resnet51}\n  b: {model: later.onnx}\n  c: {model: vgg16}");

    ConfigException e = catchThrowableOfType(ConfigException.class, () -> strict.read(file));

    assertThat(e.problems())
        .extracting(Object::toString)
        .containsExactly(
            file
                + ":2: workloads.a.model: \"resnet51\": no built-in model; did you mean resnet50?");
  }

  @Test
  void theFileThatIsInstalledIsGood() throws Exception {
    assertThat(reader.read(Path.of("config/flopmeter.yaml")).workloads()).hasSize(1);
  }

  @Test
  void theReferenceSaysWhatTheCodeDoes() throws Exception {
    assertThat(Path.of("docs/configuration.md")).hasContent(ConfigReference.markdown());
  }
}
