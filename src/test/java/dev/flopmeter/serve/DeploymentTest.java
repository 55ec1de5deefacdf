package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.serve.config.ConfigReader;
import dev.flopmeter.serve.config.ServeConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** The files for deploying the daemon are consistent: paths, ports, limits, names. */
class DeploymentTest {
  private static final Path KUBERNETES = Path.of("config/kubernetes");
  private static final YAMLMapper YAML = new YAMLMapper();

  private static JsonNode yaml(String file) {
    return YAML.readTree(Path.of("config").resolve(file).toFile());
  }

  private static JsonNode pod() {
    return yaml("kubernetes/daemonset.yaml").at("/spec/template/spec");
  }

  private static ServeConfig inContainers() throws Exception {
    return new ConfigReader(Map.of(), Set.of("resnet50"), Optional.empty(), Optional.empty())
        .read(KUBERNETES.resolve("flopmeter.yaml"));
  }

  private static List<String> texts(JsonNode list) {
    List<String> texts = new ArrayList<>();
    list.forEach(item -> texts.add(item.asString()));
    return texts;
  }

  @Test
  void kustomizeNamesEveryFileAndNoOther() throws IOException {
    JsonNode kustomization = yaml("kubernetes/kustomization.yaml");
    List<String> named = new ArrayList<>(List.of("kustomization.yaml"));
    named.addAll(texts(kustomization.get("resources")));
    named.addAll(texts(kustomization.at("/configMapGenerator/0/files")));
    try (Stream<Path> files = Files.list(KUBERNETES)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrderElementsOf(named);
    }
  }

  @Test
  void theDaemonInAPodIsReachableGatedAndSmallerThanItsLimits() throws Exception {
    ServeConfig config = inContainers();
    JsonNode container = pod().at("/containers/0");
    assertThat(config.http().listen().host()).isEqualTo("0.0.0.0");
    assertThat(container.at("/ports/0/containerPort").asInt())
        .isEqualTo(config.http().listen().port());
    assertThat(config.workloads()).noneMatch(workload -> workload.gate().isOpen());
    String limit = container.at("/resources/limits/memory").asString();
    assertThat(limit).endsWith("Gi");
    assertThat(config.worker().maxMemory())
        .isLessThan(Long.parseLong(limit.replace("Gi", "")) << 30);
    assertThat(config.history().folder().orElseThrow().toString())
        .startsWith(pod().at("/containers/0/volumeMounts/1/mountPath").asString() + "/");
    assertThat(texts(container.get("args")))
        .containsExactly("serve", "--config", "/etc/flopmeter/flopmeter.yaml");
  }

  @Test
  void thePodHasNoRightsItDoesNotNeed() {
    JsonNode pod = pod();
    assertThat(pod.get("automountServiceAccountToken").asBoolean()).isFalse();
    assertThat(pod.at("/securityContext/runAsNonRoot").asBoolean()).isTrue();
    JsonNode security = pod.at("/containers/0/securityContext");
    assertThat(security.get("allowPrivilegeEscalation").asBoolean()).isFalse();
    assertThat(security.get("readOnlyRootFilesystem").asBoolean()).isTrue();
    assertThat(texts(security.at("/capabilities/drop"))).containsExactly("ALL");
    for (String probe : List.of("startupProbe", "livenessProbe", "readinessProbe")) {
      assertThat(pod.at("/containers/0/" + probe + "/httpGet/path").asString())
          .as(probe)
          .matches("/-/(healthy|ready)");
    }
  }

  @Test
  void selectorsFindThePods() {
    JsonNode labels = yaml("kubernetes/daemonset.yaml").at("/spec/template/metadata/labels");
    assertThat(yaml("kubernetes/daemonset.yaml").at("/spec/selector/matchLabels"))
        .isEqualTo(labels);
    assertThat(yaml("kubernetes/service.yaml").at("/spec/selector")).isEqualTo(labels);
    assertThat(yaml("kubernetes/servicemonitor.yaml").at("/spec/selector/matchLabels"))
        .isEqualTo(labels);
    assertThat(yaml("kubernetes/servicemonitor.yaml").at("/spec/endpoints/0/port"))
        .isEqualTo(yaml("kubernetes/service.yaml").at("/spec/ports/0/name"));
  }

  @Test
  void composeMountsExistingFilesAtTheExpectedPaths() {
    JsonNode services = yaml("compose.yaml").get("services");
    List<String> mounted = new ArrayList<>();
    for (JsonNode service : services) {
      for (String volume : texts(service.get("volumes"))) {
        String source = volume.split(":", 2)[0];
        if (source.startsWith(".")) {
          assertThat(Path.of("config").resolve(source)).as(volume).exists();
          mounted.add(volume.split(":", 3)[1]);
        }
      }
      texts(service.path("ports")).forEach(port -> assertThat(port).startsWith("127.0.0.1:"));
    }
    String dashboards =
        YAML.readTree(Path.of("grafana/provisioning/dashboards/flopmeter.yaml").toFile())
            .at("/providers/0/options/path")
            .asString();
    assertThat(mounted).contains(dashboards);
    assertThat(services.at("/grafana/environment/FLOPMETER_PROMETHEUS_URL").asString())
        .isEqualTo("http://prometheus:9090");
    assertThat(
            yaml("compose-prometheus.yml")
                .at("/scrape_configs/0/static_configs/0/targets/0")
                .asString())
        .isEqualTo("flopmeter:19400");
  }

  @Test
  void systemdReloadsStopsAndKeepsTheDaemonAsItExpects() throws IOException {
    List<String> unit = Files.readAllLines(Path.of("config/systemd/flopmeter.service"));
    assertThat(unit)
        .contains(
            "ExecReload=/bin/kill -HUP $MAINPID",
            "KillMode=mixed",
            "SuccessExitStatus=143",
            "StateDirectory=flopmeter",
            "RestartPreventExitStatus=2",
            "NoNewPrivileges=yes",
            "ProtectSystem=strict");
    // Time for stopping: the grace period of workers, and the limit for the devices' threads
    // (DeviceThreads.close).
    assertThat(unit).contains("TimeoutStopSec=45s");
  }
}
