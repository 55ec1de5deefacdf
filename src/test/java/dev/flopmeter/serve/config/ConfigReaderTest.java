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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigReaderTest {
  @TempDir private Path folder;

  private ServeConfig read(String yaml) throws ConfigException, IOException {
    return new ConfigFolder(folder).read(yaml);
  }

  private String problems(String yaml) {
    return new ConfigFolder(folder).problems(yaml);
  }

  @Test
  void allDefaults() throws Exception {
    ServeConfig config = read("workloads: {one: {model: resnet50}}");

    assertThat(config.http())
        .isEqualTo(
            new ServeConfig.Http(
                new ListenAddress("127.0.0.1", 19400),
                List.of(),
                false,
                1024,
                64,
                Duration.ofSeconds(5),
                Duration.ofMinutes(1),
                16 << 10,
                Optional.empty(),
                Map.of(),
                Map.of()));
    assertThat(config.workloads())
        .containsExactly(
            new Workload(
                "one",
                "resnet50",
                List.of("auto"),
                "auto",
                List.of("fp32"),
                List.of(),
                List.of(),
                "auto",
                true,
                "quick",
                false,
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
    assertThat(config.logFormat()).isEqualTo("text");
    assertThat(config.metrics()).isEqualTo(new ServeConfig.Metrics(20, 20_000, "both"));
    assertThat(config.otlp())
        .isEqualTo(
            new ServeConfig.Otlp(
                false,
                "http://127.0.0.1:4318/v1/metrics",
                Duration.ofMinutes(1),
                Duration.ofSeconds(10),
                false,
                false,
                Map.of(),
                Map.of()));
    assertThat(new ConfigFolder(folder).reader().standard().workloads().get(0).model())
        .isEqualTo("resnet50");
  }

  @Test
  void everyKey() throws Exception {
    Files.writeString(folder.resolve("cert.pem"), "");
    Files.writeString(folder.resolve("key.pem"), "");
    Files.writeString(folder.resolve("password"), "");
    Files.createDirectory(folder.resolve("nets"));
    Files.writeString(folder.resolve("nets/a.onnx"), "");
    String hash = "$2y$10$abcdefghijklmnopqrstuuW5V9a0tqGqB3l0l6kQkqjWz7V8YwK3u";
    String yaml =
        """
        http:
          listen: "[::1]:0"
          names: [gpu.example, monitoring]
          reload: true
          max_connections: 10
          threads: 3
          request_time: 2s
          response_time: 3m
          max_header_size: 8KiB
          tls: {certificate: cert.pem, key: key.pem, password_file: password}
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
            search: full
            interval: 1.5h
            jitter: 0%%
            max_time: 250ms
            timeout: 90s
            only_when: {utilization_below: 10%%, memory_free_above: 4GiB}
        worker: {grace: 1s, max_memory: 2GiB, max_backoff: 2h, quarantine_after: 2, quarantine_retry: 1d}
        history: {folder: kept, max_size: 2MiB, max_age: 3d, baseline_runs: 5, regression_threshold: 3%%}
        log: {format: json}
        metrics: {layers: 0, max_series: 500, histograms: native}
        otlp: {enabled: true, url: "https://collector/v1/metrics", interval: 10s, timeout: 3s, conventions: opentelemetry, headers: {Authorization: Bearer x}}
        node: {interval: 5s, processes: 7, price_per_gpu_hour: 2.25, gpm: false, pod_labels: [namespace, pod_name], pod_resources: /k.sock}
        servers:
          chat: {instance: "10.1.0.7:8000", gpu: [GPU-a1, MIG-b/2/0], precision: fp8}
          rest: {job: vllm, gpu: GPU-c}
        """
            .formatted(hash);

    ServeConfig config = read(yaml);

    assertThat(config.http())
        .isEqualTo(
            new ServeConfig.Http(
                new ListenAddress("::1", 0),
                List.of("gpu.example", "monitoring"),
                true,
                10,
                3,
                Duration.ofSeconds(2),
                Duration.ofMinutes(3),
                8 << 10,
                Optional.of(
                    new ServeConfig.Tls(
                        folder.resolve("cert.pem"),
                        folder.resolve("key.pem"),
                        Optional.of(folder.resolve("password")),
                        ServeConfig.Suites.STANDARD,
                        ServeConfig.Clients.ANYBODY)),
                Map.of("somebody", hash),
                Map.of()));
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
                "full",
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
    assertThat(config.logFormat()).isEqualTo("json");
    assertThat(config.metrics()).isEqualTo(new ServeConfig.Metrics(0, 500, "native"));
    assertThat(config.otlp().headers()).containsEntry("Authorization", "Bearer x");
    assertThat(config.node())
        .isEqualTo(
            new ServeConfig.Node(
                Optional.of(Duration.ofSeconds(5)),
                7,
                Optional.of(2.25),
                false,
                List.of("namespace", "pod_name"),
                "/k.sock"));
    assertThat(config.servers())
        .containsExactly(
            new ServeConfig.ServerGpu("10.1.0.7:8000", "", "", "GPU-a1", "fp8"),
            new ServeConfig.ServerGpu("10.1.0.7:8000", "", "", "MIG-b/2/0", "fp8"),
            new ServeConfig.ServerGpu("", "vllm", "", "GPU-c", "bf16"));
    // A key that this file does not set is a key that no test sets.
    assertThat(Key.OWN.values())
        .filteredOn(key -> !key.path().equals("http.web_config_file")) // see WebConfigTest
        .allMatch(key -> key.path().contains("*.") || yaml.contains(named(key)));
    assertThat(config.toString()).doesNotContain(hash).doesNotContain("Bearer");
  }

  private static String named(Key key) {
    String name = key.path().substring(key.path().lastIndexOf('.') + 1);
    return name.equals("*") ? "" : name + ":";
  }

  @Test
  void serversNameTheirGpusAndWhatTheyAreKnownBy() {
    assertThat(
            problems(
                """
                workloads: {a: {model: m}}
                servers:
                  none: {gpu: GPU-a}
                  both: {job: j, model: m, gpu: GPU-a}
                  bare: {job: k}
                  index: {job: l, gpu: "0"}
                """))
        .isEqualTo(
            """
            f.yaml:3: servers.none: must have exactly one of instance, job and model
            f.yaml:4: servers.both: must have exactly one of instance, job and model
            f.yaml:5: servers.bare.gpu: is missing; list the uuids that nvidia-smi -L shows
            f.yaml:6: servers.index.gpu: "0": expected GPU-... or MIG-... as nvidia-smi -L shows it\
            """
                .stripIndent());
  }

  @Test
  void allProblemsAreReportedAtOnceWithLineAndKey() {
    assertThat(
            problems(
                """
                http:
                  listen: 19400
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
            f.yaml:2: http.listen: "19400": expected ADDRESS:PORT, for example 127.0.0.1:19400 or [::1]:19400
            f.yaml:3: http.lisen: unknown key; did you mean listen?
            f.yaml:5: workloads.one.model: is missing; name a built-in model or an .onnx file
            f.yaml:6: workloads.one.modell: unknown key; did you mean model?
            f.yaml:7: workloads.one.interval: "10": expected a duration such as 15s, 10m or 30d
            f.yaml:8: workloads.one.batch: "0": expected a whole number from 1 to 1000000
            f.yaml:8: workloads.one.batch: 1 is in the list twice
            f.yaml:9: workloads.one.precision: "fp23": expected one of fp32, tf32, fp16, bf16, int8, fp8; did you mean fp32?
            f.yaml:10: workloads.one.device: "cuda": expected auto, all, cpu or cuda:N
            f.yaml:11: workloads.two words: is not a workload name; use letters, digits, dots, dashes and underscores, 64 at most
            f.yaml:11: workloads.two words.timeout: must be longer than max_time, 15s, for one batch size alone
            f.yaml:12: metric: unknown key; did you mean metrics?
            f.yaml:13: history: is a list; expected a section\
            """);
  }

  @Test
  void secretsAreNotRepeated() {
    assertThat(problems("workloads: {a: {model: m}}\nhttp: {users: {me: hunter2}}"))
        .isEqualTo(
            "f.yaml:2: http.users.me: is not a bcrypt hash; make one with htpasswd -nBC 10 NAME");
  }

  @Test
  void halfOfTlsAndFilesThatAreNotThere() {
    assertThat(problems("workloads: {a: {model: m}}\nhttp:\n  tls: {certificate: gone.pem}"))
        .isEqualTo("f.yaml:3: http.tls.key: is missing; TLS needs a certificate and its key");
    assertThat(problems("workloads: {a: {model: m}}\nhttp:\n  tls: {password_file: gone}"))
        .isEqualTo("f.yaml:3: http.tls.password_file: requires certificate and key");
    assertThat(problems("workloads: {a: {model: m}}\nhttp:\n  tls: {password_file: [a]}"))
        .isEqualTo("f.yaml:3: http.tls.password_file: is a list; expected text");
    assertThat(
            problems(
                "workloads: {a: {model: m}}\nhttp:\n  tls: {certificate: /dev/zero, key: /dev/zero}"))
        .contains("\"/dev/zero\": does not exist or cannot be read, or is larger than 1MiB");
    assertThat(problems("workloads: {a: {model: m}}\nhttp:\n  tls: {certificate: c, key: k}"))
        .contains("f.yaml:3: http.tls.certificate: \"c\": does not exist or cannot be read");
  }

  @Test
  void theCommandLineOverridesTheAddressOfTheFile() throws Exception {
    ListenAddress other = new ListenAddress("127.0.0.1", 9401);
    Path file =
        Files.writeString(
            folder.resolve("f.yaml"), "workloads: {a: {model: m}}\nhttp: {listen: \"[::]:1\"}");
    ServeConfig config =
        new ConfigReader(Map.of(), Set.of(), Optional.of(other), Optional.empty()).read(file);
    assertThat(config.http().listen()).isEqualTo(other);
  }

  /** Only a shell knows the home directory by ~: here it would be a folder of that name. */
  @Test
  void aTildeIsNoFolder() {
    String unexpanded = "~ is not expanded; write out the path of the home directory";
    assertThat(
            problems(
                """
                workloads: {a: {model: ~/a.onnx}}
                http:
                  web_config_file: ~/web.yml
                  tls:
                    certificate: ~/c
                    key: "~/k"
                    password_file: ~me/p
                history: {folder: ~/history}
                node: {pod_resources: ~/socket}
                """))
        .isEqualTo(
            """
            f.yaml:1: workloads.a.model: "~/a.onnx": %1$s
            f.yaml:3: http.web_config_file: "~/web.yml": %1$s
            f.yaml:5: http.tls.certificate: "~/c": %1$s
            f.yaml:6: http.tls.key: "~/k": %1$s
            f.yaml:7: http.tls.password_file: "~me/p": %1$s
            f.yaml:8: history.folder: "~/history": %1$s
            f.yaml:9: node.pod_resources: "~/socket": %1$s\
            """
                .formatted(unexpanded));
    assertThat(problems("workloads: {a: {model: m}}\nhistory: {folder: ~}"))
        .isEqualTo("f.yaml:2: history.folder: is nothing; expected text");
    assertThat(problems("workloads: {a: {model: m, precision: [~]}}\nhttp: ~"))
        .isEqualTo(
            "f.yaml:1: workloads.a.precision: is nothing; expected fp32, tf32, fp16, bf16, int8, fp8");
  }

  @Test
  void aHistoryFolderThatIsAFile() {
    assertThat(problems("workloads: {a: {model: m}}\nhistory: {folder: f.yaml}"))
        .isEqualTo("f.yaml:2: history.folder: f.yaml is a file; name a folder");
  }

  @Test
  void warnings() throws Exception {
    String listening = "http: {listen: \"%s\"}\nworkloads: {a: {model: m}}";
    for (String open : List.of("0.0.0.0:19400", "[::]:19400", "192.0.2.1:1")) {
      assertThat(read(listening.formatted(open)).warnings())
          .containsExactly(
              "http.listen: "
                  + open
                  + " is reachable from other hosts without a password; add http.users");
    }
    for (String closed : List.of("127.0.0.1:19400", "[::1]:19400", "localhost:1")) {
      assertThat(read(listening.formatted(closed)).warnings()).isEmpty();
    }
    assertThat(
            read("workloads: {a: {model: m, batch: [1, 2, 4], max_time: 20s, timeout: 59s}}")
                .warnings())
        .containsExactly(
            "workloads.a.timeout: 59s may be too short for 3 batch sizes of up to 20s each;"
                + " increase it or decrease max_time");
    assertThat(
            read("workloads: {a: {model: m, batch: [1, 2, 4], max_time: 20s, timeout: 60s}}")
                .warnings())
        .isEmpty();
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
            f.yaml:9: workloads.a: is already given in line 2\
            """);
  }

  @Test
  void aModelThatDoesNotExistIsFoundBeforeItRuns() throws Exception {
    ConfigReader strict =
        new ConfigReader(Map.of(), Set.of("resnet50", "vgg16"), Optional.empty(), Optional.empty());
    Path file =
        Files.writeString(
            folder.resolve("f.yaml"),
            "workloads:\n  a: {model: resnet51}\n  b: {model: gone.onnx}\n  c: {model: vgg16}");

    ConfigException e = catchThrowableOfType(ConfigException.class, () -> strict.read(file));

    assertThat(e.problems())
        .extracting(Object::toString)
        .containsExactly(
            file
                + ":2: workloads.a.model: \"resnet51\": not a built-in model; did you mean"
                + " resnet50?",
            file + ":3: workloads.b.model: \"gone.onnx\": does not exist or cannot be read");
  }

  @Test
  void theFileThatIsInstalledIsGood() throws Exception {
    assertThat(new ConfigFolder(folder).reader().read(Path.of("config/flopmeter.yaml")).workloads())
        .hasSize(1);
  }

  @Test
  void theReferenceSaysWhatTheCodeDoes() throws Exception {
    assertThat(Path.of("docs/configuration.md")).hasContent(ConfigReference.markdown());
  }

  @Test
  void severalShapesOfOneInputAreWorkloadsOfTheirOwn() throws Exception {
    assertThat(problems("workloads: {w: {model: m, input: 'x=1x3x8x8,1x3x9x9'}}"))
        .isEqualTo(
            "f.yaml:1: workloads.w.input: \"x=1x3x8x8,1x3x9x9\": several shapes would share one set"
                + " of metrics; give each a workload");
    assertThat(read("workloads: {w: {model: m, input: ['x=1,3,8,8', 'y=2x2']}}").workloads())
        .singleElement()
        .satisfies(w -> assertThat(w.inputs()).containsExactly("x=1,3,8,8", "y=2x2"));
  }
}
