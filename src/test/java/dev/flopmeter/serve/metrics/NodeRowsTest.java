package dev.flopmeter.serve.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatObject;

import dev.flopmeter.device.NodeSample.Gpu;
import dev.flopmeter.device.NodeSample.Health;
import dev.flopmeter.device.NodeSample.Occupant;
import dev.flopmeter.device.NodeSample.Part;
import dev.flopmeter.device.NodeSample.State;
import dev.flopmeter.device.ProcessOwner;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.node.GpuAccount;
import dev.flopmeter.serve.node.NodeState;
import dev.flopmeter.serve.node.NodeState.Pod;
import io.prometheus.metrics.model.snapshots.Labels;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** MIG instances and shared GPUs among the metrics of a node. */
class NodeRowsTest {
  private static final ServeConfig.Node RULES =
      new ServeConfig.Node(
          Optional.of(Duration.ofSeconds(10)), 50, Optional.empty(), false, List.of(), "");

  private static NodeState node(boolean isEmulated, String name, Part part, String... processes) {
    List<Occupant> occupants =
        List.of(processes).stream()
            .map(each -> new Occupant(7, new ProcessOwner(each, "", "", ""), 1L, null))
            .toList();
    Gpu gpu =
        new Gpu(
            "gpu:0:3",
            "MIG-1",
            "GPU-1",
            name,
            part,
            State.OCCUPIED,
            null,
            1L,
            2L,
            List.of(),
            Map.of(),
            occupants);
    GpuAccount account =
        new GpuAccount(gpu, State.OCCUPIED, Map.of(), Map.of(), List.of(), List.of(), 0);
    return new NodeState(
        RULES, List.of(account), List.of(), List.of(), Set.of(), "", isEmulated, Map.of());
  }

  /** Values by precision, the memory's under its own name. */
  private static Map<String, Double> peaks(NodeState node) {
    Map<String, Double> peaks = new TreeMap<>();
    for (Row row : NodeRows.of(node)) {
      if (row.metric().name().startsWith("flopmeter_device_peak_")) {
        Map<String, String> labels = new TreeMap<>();
        row.labels().forEach(label -> labels.put(label.getName(), label.getValue()));
        assertThat(labels).containsEntry("device", "gpu:0:3").containsEntry("basis", "datasheet");
        peaks.put(labels.getOrDefault("precision", "memory"), row.value());
      }
    }
    return peaks;
  }

  @Test
  void theyHaveTheirShareOfTheCardsPeaks() {
    Part threeSlices = new Part(3 / 7.0, 60, 4 / 8.0);
    assertThat(peaks(node(false, "NVIDIA H100 80GB HBM3 MIG 3g.40gb", threeSlices)))
        .containsEntry("fp32", 67e12 * 60 / 132)
        .containsEntry("bf16", 989e12 * 60 / 132)
        .containsEntry("fp8", 1979e12 * 60 / 132)
        .containsEntry("memory", 3350e9 * 4 / 8);
    assertThat(peaks(node(false, "NVIDIA H100 80GB HBM3 MIG 1g.20gb", new Part(1 / 7.0, 16, 0.25))))
        .as("twice the memory of a slice")
        .containsEntry("bf16", 989e12 * 16 / 132)
        .containsEntry("memory", 3350e9 / 4);
  }

  @Test
  void withoutADatasheetOrOfEmulatedOnesThereAreNone() {
    Part slice = new Part(1 / 7.0, 16, 1 / 8.0);
    assertThat(peaks(node(false, "NVIDIA Next MIG 1g.10gb", slice))).isEmpty();
    assertThat(peaks(node(true, "NVIDIA H100 80GB HBM3 MIG 1g.10gb", slice))).isEmpty();
    assertThat(peaks(node(false, "NVIDIA H100 80GB HBM3", null)))
        .as("those of a whole GPU come with the devices")
        .isEmpty();
  }

  @Test
  void powerAndTemperatureAreThoseOfNowAndEnergyOnlyGrows() {
    GpuAccount reached = node(false, "NVIDIA L4", null).gpus().get(0);
    GpuAccount silent =
        new GpuAccount(reached.gpu(), State.UNKNOWN, Map.of(), Map.of(), List.of(), List.of(), 0);
    assertThat(sensors(reached))
        .containsExactlyInAnyOrder(
            "flopmeter_node_power_watts {device=\"gpu:0\",uuid=\"GPU-1\"} 71.5",
            "flopmeter_node_temperature_celsius {device=\"gpu:0\",uuid=\"GPU-1\"} 40.0",
            "flopmeter_node_energy_joules_total {device=\"gpu:0\",uuid=\"GPU-1\"} 9000.0");
    assertThat(sensors(silent))
        .containsExactly(
            "flopmeter_node_energy_joules_total {device=\"gpu:0\",uuid=\"GPU-1\"} 9000.0");
  }

  private static List<String> sensors(GpuAccount account) {
    Health health = new Health("gpu:0", "GPU-1", 71.5, 9000.0, 40.0, Map.of());
    NodeState node =
        new NodeState(
            RULES, List.of(account), List.of(health), List.of(), Set.of(), "", false, Map.of());
    return NodeRows.of(node).stream()
        .filter(row -> row.metric().name().matches(".*_(watts|celsius|joules_total)"))
        .map(row -> row.metric().name() + " " + row.labels() + " " + row.value())
        .toList();
  }

  private static String mps(NodeState node) {
    return labels(node, "flopmeter_node_info").get("mps");
  }

  private static Labels labels(NodeState node, String metric) {
    return NodeRows.of(node).stream()
        .filter(row -> row.metric().name().equals(metric))
        .map(Row::labels)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void anMpsServerIsRecorded() {
    // The kernel keeps 15 characters of nvidia-cuda-mps-server.
    assertThat(mps(node(false, "NVIDIA L4", null, "python", "nvidia-cuda-mps"))).isEqualTo("true");
    assertThat(mps(node(false, "NVIDIA L4", null, "python"))).isEqualTo("false");
  }

  @Test
  void aContainerIsIdentifiedByItsAllocatedGpu() {
    NodeState one = node(false, "NVIDIA L4", null);
    Pod pod = new Pod("MIG-1", "ml", "train-0", "");
    NodeState node =
        new NodeState(RULES, one.gpus(), List.of(), List.of(), Set.of(pod), "", false, Map.of());
    assertThatObject(labels(node, "flopmeter_node_pod_info"))
        .isEqualTo(
            Labels.of("uuid", "MIG-1", "namespace", "ml", "pod_name", "train-0")
                .add("container_name", ""));
  }
}
