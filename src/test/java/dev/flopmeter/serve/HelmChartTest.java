package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.serve.config.ConfigReader;
import dev.flopmeter.serve.config.ServeConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * The chart deploys the same as {@code kubectl apply -k}. Helm's output is tested if {@code helm}
 * is installed; the other tests read the chart's files.
 */
class HelmChartTest {
  private static final Path CHART = Path.of("config/helm/flopmeter");
  private static final Path KUBERNETES = Path.of("config/kubernetes");
  private static final YAMLMapper YAML = new YAMLMapper();
  private static final String[] EVERYTHING = {
    "--set", "serviceMonitor.enabled=true,rules.enabled=true,dashboards.enabled=true"
  };

  @TempDir Path folder;

  private record Answer(int status, String output) {}

  private static Answer helm(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("helm"));
    command.addAll(List.of(arguments));
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      Assumptions.abort("skipped: helm is not installed (https://helm.sh)");
      throw e;
    }
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    // Helm follows links, and mentions this on standard error.
    String rest = output.replaceAll("(?m)^.*found symbolic link in path.*\\R", "");
    return new Answer(process.waitFor(), rest);
  }

  private static List<JsonNode> rendered(String... arguments) throws Exception {
    List<String> all =
        new ArrayList<>(
            List.of("template", "flopmeter", CHART.toString(), "--kube-version", "1.30.0"));
    all.addAll(List.of(arguments));
    Answer answer = helm(all.toArray(String[]::new));
    assertThat(answer.status()).as(answer.output()).isZero();
    try (var documents = YAML.readerFor(JsonNode.class).<JsonNode>readValues(answer.output())) {
      return documents.readAll().stream().filter(JsonNode::isObject).toList();
    }
  }

  private static JsonNode one(List<JsonNode> objects, String kind) {
    return objects.stream()
        .filter(object -> object.get("kind").asString().equals(kind))
        .findFirst()
        .orElseThrow();
  }

  private static JsonNode yaml(Path file) {
    return YAML.readTree(file.toFile());
  }

  @Test
  void itsConfigurationAndImageAreThoseOfKustomize() {
    JsonNode values = yaml(CHART.resolve("values.yaml"));
    assertThat(values.get("config")).isEqualTo(yaml(KUBERNETES.resolve("flopmeter.yaml")));
    JsonNode pod = yaml(KUBERNETES.resolve("daemonset.yaml")).at("/spec/template/spec");
    assertThat(
            values.at("/image/repository").asString()
                + ":"
                + yaml(CHART.resolve("Chart.yaml")).get("appVersion").asString())
        .isEqualTo(pod.at("/containers/0/image").asString());
    for (String same : List.of("runtimeClassName", "nodeSelector", "tolerations")) {
      assertThat(values.get(same)).as(same).isEqualTo(pod.get(same));
    }
    assertThat(values.get("resources")).isEqualTo(pod.at("/containers/0/resources"));
  }

  @Test
  void itsRulesAndDashboardsAreTheOnesOfTheProject() throws IOException {
    try (Stream<Path> files = Files.list(CHART.resolve("files/dashboards"))) {
      assertThat(files).isNotEmpty().allSatisfy(file -> assertThat(file).isReadable());
    }
    assertThat(CHART.resolve("files/rules").toRealPath())
        .isEqualTo(Path.of("config/prometheus").toRealPath());
    assertThat(CHART.resolve("files/dashboards").toRealPath())
        .isEqualTo(Path.of("grafana/dashboards").toRealPath());
  }

  @Test
  void helmFindsNothingToComplainAbout() throws Exception {
    Answer answer = helm("lint", "--strict", CHART.toString(), EVERYTHING[0], EVERYTHING[1]);
    assertThat(answer.status()).as(answer.output()).isZero();
  }

  @Test
  void thePodsAreThoseOfKustomize() throws Exception {
    JsonNode expected = yaml(KUBERNETES.resolve("daemonset.yaml"));
    JsonNode actual = one(rendered(), "DaemonSet");
    ObjectNode pod = (ObjectNode) actual.at("/spec/template/spec");
    for (String containers : List.of("initContainers", "containers")) {
      ObjectNode container = (ObjectNode) pod.get(containers).get(0);
      assertThat(container.remove("imagePullPolicy").asString()).isEqualTo("IfNotPresent");
    }
    assertThat(pod).isEqualTo(expected.at("/spec/template/spec"));
    assertThat(actual.at("/spec/updateStrategy")).isEqualTo(expected.at("/spec/updateStrategy"));
    assertThat(actual.at("/spec/selector/matchLabels").properties())
        .isSubsetOf(actual.at("/spec/template/metadata/labels").properties());
  }

  @Test
  void theHostsProcessesAreSeenWhereTheyAreAskedFor() throws Exception {
    assertThat(one(rendered(), "DaemonSet").at("/spec/template/spec").has("hostPID")).isFalse();
    JsonNode asked = one(rendered("--set", "hostPID=true"), "DaemonSet");
    assertThat(asked.at("/spec/template/spec/hostPID").asBoolean()).isTrue();
  }

  private static final String[] PODS = {
    "--set", "podResources.enabled=true,config.node.pod_labels={namespace,pod_name}"
  };

  @Test
  void theKubeletIsAskedAsRootAndReadOnlyWhereThatIsAskedFor() throws Exception {
    JsonNode before = one(rendered(), "DaemonSet").at("/spec/template/spec");
    assertThat(before.toString()).doesNotContain("pod-resources");
    JsonNode pod = one(rendered(PODS), "DaemonSet").at("/spec/template/spec");
    String folder = "/var/lib/kubelet/pod-resources";
    JsonNode volumes = pod.get("volumes");
    assertThat(volumes.get(volumes.size() - 1))
        .isEqualTo(
            YAML.readTree(
                "{name: pod-resources, hostPath: {path: %s, type: Directory}}".formatted(folder)));
    JsonNode container = pod.at("/containers/0");
    JsonNode mounts = container.get("volumeMounts");
    assertThat(mounts.get(mounts.size() - 1))
        .isEqualTo(
            YAML.readTree(
                "{name: pod-resources, mountPath: %s, readOnly: true}".formatted(folder)));
    assertThat(pod.at("/securityContext/runAsNonRoot").asBoolean(true)).isFalse();
    assertThat(pod.at("/securityContext/runAsUser").asInt(-1)).isZero();
    assertThat(container.get("securityContext"))
        .as("root, but without its capabilities")
        .isEqualTo(before.at("/containers/0/securityContext"));
    assertThat(pod.at("/initContainers/0/command/2").asString())
        .as("whose state it is")
        .isEqualTo("0:0");
    String config = one(rendered(PODS), "ConfigMap").at("/data/flopmeter.yaml").asString();
    assertThat(read(config).node().podResources()).startsWith(folder + "/");
  }

  @Test
  void theKubeletIsNotMountedForNothing() throws Exception {
    Answer answer =
        helm(
            "template",
            CHART.toString(),
            "--kube-version=1.30.0",
            "--set=podResources.enabled=true");
    assertThat(answer.status()).isNotZero();
    assertThat(answer.output()).contains("podResources.enabled needs config.node.pod_labels");
  }

  private ServeConfig read(String text) throws Exception {
    Path file = Files.writeString(folder.resolve("flopmeter.yaml"), text);
    return new ConfigReader(Map.of(), Set.of("resnet50"), Optional.empty(), Optional.empty())
        .read(file);
  }

  @Test
  void theDaemonTakesTheConfiguration() throws Exception {
    String text = one(rendered(), "ConfigMap").at("/data/flopmeter.yaml").asString();
    assertThat(read(text).workloads()).hasSize(1);
  }

  @Test
  void anotherPortIsTheSameEverywhere() throws Exception {
    List<JsonNode> objects = rendered("--set", "config.http.listen=0.0.0.0:9400");
    assertThat(one(objects, "Service").at("/spec/ports/0/port").asInt()).isEqualTo(9400);
    JsonNode template = one(objects, "DaemonSet").at("/spec/template");
    assertThat(template.at("/spec/containers/0/ports/0/containerPort").asInt()).isEqualTo(9400);
    assertThat(template.at("/metadata/annotations/prometheus.io~1port").asString())
        .isEqualTo("9400");
  }

  @Test
  void rulesDashboardsAndMonitorComeWhereTheyAreAskedFor() throws Exception {
    assertThat(rendered()).hasSize(3);
    List<JsonNode> objects = rendered(EVERYTHING);
    List<JsonNode> groups = new ArrayList<>();
    for (String file : List.of("alerts", "llm", "recording")) {
      Path rules = Path.of("config/prometheus/flopmeter-" + file + ".yml");
      yaml(rules).get("groups").forEach(groups::add);
    }
    assertThat(one(objects, "PrometheusRule").at("/spec/groups")).containsExactlyElementsOf(groups);
    List<JsonNode> dashboards =
        objects.stream()
            .filter(
                object -> object.at("/metadata/labels/grafana_dashboard").asString("").equals("1"))
            .map(object -> object.get("data").iterator().next())
            .map(json -> YAML.readTree(json.asString()))
            .toList();
    try (Stream<Path> files = Files.list(Path.of("grafana/dashboards"))) {
      assertThat(dashboards)
          .containsExactlyInAnyOrderElementsOf(files.map(HelmChartTest::yaml).toList());
    }
    ObjectNode endpoint = (ObjectNode) one(objects, "ServiceMonitor").at("/spec/endpoints/0");
    assertThat(endpoint)
        .isEqualTo(yaml(KUBERNETES.resolve("servicemonitor.yaml")).at("/spec/endpoints/0"));
  }

  @Test
  void aMistypedValueIsNamed() throws Exception {
    Answer answer = helm("template", "flopmeter", CHART.toString(), "--set", "rules.enable=true");
    assertThat(answer.status()).isNotZero();
    assertThat(answer.output()).contains("rules", "enable");
  }
}
