package dev.flopmeter.serve.metrics;

import dev.flopmeter.device.Datasheet;
import dev.flopmeter.device.HealthCounter;
import dev.flopmeter.device.NodeSample.Gpu;
import dev.flopmeter.device.NodeSample.Health;
import dev.flopmeter.device.NodeSample.Occupant;
import dev.flopmeter.device.NodeSample.Part;
import dev.flopmeter.device.NodeSample.State;
import dev.flopmeter.device.ProcessOwner;
import dev.flopmeter.result.Basis;
import dev.flopmeter.serve.node.GpuAccount;
import dev.flopmeter.serve.node.GpuAccount.ProcessAccount;
import dev.flopmeter.serve.node.NodeState;
import dev.flopmeter.serve.node.NodeState.Pod;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/** The metrics of a node's accounts. */
final class NodeRows {
  private NodeRows() {}

  static List<Row> of(NodeState node) {
    List<Row> rows = new ArrayList<>();
    node.gpus().forEach(account -> add(rows, node, account));
    node.health().forEach(health -> add(rows, node, health));
    for (Pod pod : node.pods()) {
      Labels labels =
          Labels.of(
              "uuid", pod.uuid(),
              "namespace", pod.namespace(),
              "pod_name", pod.name(),
              "container_name", pod.container());
      Row.add(rows, "flopmeter_node_pod_info", labels, 1);
    }
    return rows;
  }

  private static void add(List<Row> rows, NodeState node, GpuAccount account) {
    Gpu gpu = account.gpu();
    Labels labels = Labels.of("device", gpu.device(), "uuid", gpu.uuid());
    Labels info =
        Labels.of(
            "gpu_uuid", gpu.parent(),
            "name", gpu.name(),
            "mps", Boolean.toString(gpu.hasMps()),
            "emulated", Boolean.toString(node.isEmulated()));
    Row.add(rows, "flopmeter_node_info", labels.merge(info), 1);
    // All states from the start: a series that appears later has lost its first increase.
    for (State state : State.values()) {
      Double seconds = account.seconds().getOrDefault(state, 0.0);
      Row.add(rows, "flopmeter_node_seconds_total", labels.add("state", state.label()), seconds);
    }
    Map<String, Double> reasons = account.throttledSeconds();
    each(rows, "flopmeter_node_throttled_seconds_total", labels, "reason", reasons);
    double hours = account.wastedSeconds() / 3600;
    Optional<Double> cost = node.rules().pricePerGpuHour().map(price -> hours * price);
    Row.add(rows, "flopmeter_node_wasted_cost_total", labels, cost.orElse(null));
    if (account.isReached()) {
      Row.add(rows, "flopmeter_node_utilization_ratio", labels, gpu.utilization());
      Row.add(rows, "flopmeter_node_memory_used_bytes", labels, gpu.memoryUsedBytes());
      each(rows, "flopmeter_node_activity_ratio", labels, "unit", gpu.activity());
    }
    account.processes().forEach(process -> add(rows, labels, process));
    others(rows, labels, account);
    if (gpu.part() != null && !node.isEmulated()) {
      peaks(rows, gpu, gpu.part());
    }
  }

  private static void add(List<Row> rows, NodeState node, Health health) {
    Labels labels = Labels.of("device", health.device(), "uuid", health.uuid());
    if (node.isReached(health.uuid())) {
      Row.add(rows, "flopmeter_node_power_watts", labels, health.powerWatts());
      Row.add(rows, "flopmeter_node_temperature_celsius", labels, health.temperatureCelsius());
    }
    Row.add(rows, "flopmeter_node_energy_joules_total", labels, health.energyJoules());
    Map<String, Long> states = new TreeMap<>(health.errors());
    states.keySet().removeIf(kind -> !HealthCounter.isState(kind));
    Map<String, Long> counters = new TreeMap<>(health.errors());
    counters.keySet().removeAll(states.keySet());
    each(rows, "flopmeter_node_errors_total", labels, "kind", counters);
    each(rows, "flopmeter_node_row_remap", labels, "kind", states);
  }

  /** A value for each of a label's. */
  private static void each(
      List<Row> rows,
      String metric,
      Labels labels,
      String label,
      Map<String, ? extends Number> values) {
    values.forEach((value, number) -> Row.add(rows, metric, labels.add(label, value), number));
  }

  /** Of a MIG instance, which CUDA may not show to the child that lists the devices. */
  private static void peaks(List<Row> rows, Gpu gpu, Part part) {
    Labels labels = Labels.of("device", gpu.device(), "basis", Basis.DATASHEET.label());
    Datasheet.load()
        .find(gpu.name(), part.multiprocessors(), part.memory())
        .ifPresent(
            card -> {
              String flops = "flopmeter_device_peak_flop_per_second";
              each(rows, flops, labels, "precision", card.flopsPerSecond());
              String bytes = "flopmeter_device_peak_memory_bytes_per_second";
              Row.add(rows, bytes, labels, card.bytesPerSecond());
            });
  }

  private static void add(List<Row> rows, Labels gpu, ProcessAccount account) {
    Occupant process = account.process();
    Labels labels = gpu.merge(process(Long.toString(process.pid()), process.owner()));
    Row.add(rows, "flopmeter_node_process_seconds_total", labels, account.seconds());
    Row.add(rows, "flopmeter_node_process_memory_bytes", labels, process.memoryBytes());
    Row.add(rows, "flopmeter_node_process_utilization_ratio", labels, process.utilization());
  }

  private static void others(List<Row> rows, Labels gpu, GpuAccount account) {
    if (account.otherSeconds() == 0) {
      return;
    }
    Labels labels = gpu.merge(process("", new ProcessOwner("other", "", "", "")));
    Row.add(rows, "flopmeter_node_process_seconds_total", labels, account.otherSeconds());
    double bytes = 0;
    for (Occupant other : account.others()) {
      bytes += Objects.requireNonNullElse(other.memoryBytes(), 0L);
    }
    Row.add(rows, "flopmeter_node_process_memory_bytes", labels, bytes);
  }

  private static Labels process(String pid, ProcessOwner owner) {
    return Labels.of(
        "pid", pid,
        "process", owner.name(),
        "container", owner.container(),
        "pod", owner.pod(),
        "slurm_job", owner.slurmJob());
  }
}
