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
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/** What the accounts of a node tell. */
final class NodeRows {
  private NodeRows() {}

  static List<Row> of(NodeState node) {
    List<Row> rows = new ArrayList<>();
    for (GpuAccount account : node.gpus()) {
      Gpu gpu = account.gpu();
      Tags tags = Tags.of("device", gpu.device(), "uuid", gpu.uuid());
      Tags info =
          tags.and("gpu_uuid", gpu.parent(), "name", gpu.name())
              .and("mps", Boolean.toString(gpu.hasMps()))
              .and("emulated", Boolean.toString(node.isEmulated()));
      Row.add(rows, "flopmeter_node_info", info, 1);
      // All states from the start: a series that appears later has lost its first increase.
      for (State state : State.values()) {
        Double seconds = account.seconds().getOrDefault(state, 0.0);
        Row.add(rows, "flopmeter_node_seconds_total", tags.and("state", state.label()), seconds);
      }
      Map<String, Double> reasons = account.throttledSeconds();
      each(rows, "flopmeter_node_throttled_seconds_total", tags, "reason", reasons);
      double hours = account.wastedSeconds() / 3600;
      Optional<Double> cost = node.rules().pricePerGpuHour().map(price -> hours * price);
      Row.add(rows, "flopmeter_node_wasted_cost_total", tags, cost.orElse(null));
      if (account.isReached()) {
        Row.add(rows, "flopmeter_node_utilization_ratio", tags, gpu.utilization());
        Row.add(rows, "flopmeter_node_memory_used_bytes", tags, gpu.memoryUsedBytes());
        each(rows, "flopmeter_node_activity_ratio", tags, "unit", gpu.activity());
      }
      account.processes().forEach(process -> add(rows, tags, process));
      others(rows, tags, account);
      if (gpu.part() != null && !node.isEmulated()) {
        peaks(rows, gpu, gpu.part());
      }
    }
    for (Health health : node.health()) {
      Tags tags = Tags.of("device", health.device(), "uuid", health.uuid());
      if (node.isReached(health.uuid())) {
        Row.add(rows, "flopmeter_node_power_watts", tags, health.powerWatts());
        Row.add(rows, "flopmeter_node_temperature_celsius", tags, health.temperatureCelsius());
      }
      Row.add(rows, "flopmeter_node_energy_joules_total", tags, health.energyJoules());
      Map<String, Long> states = new TreeMap<>(health.errors());
      states.keySet().removeIf(kind -> !HealthCounter.isState(kind));
      Map<String, Long> counters = new TreeMap<>(health.errors());
      counters.keySet().removeAll(states.keySet());
      each(rows, "flopmeter_node_errors_total", tags, "kind", counters);
      each(rows, "flopmeter_node_row_remap", tags, "kind", states);
    }
    for (Pod pod : node.pods()) {
      Tags tags = Tags.of("uuid", pod.uuid(), "namespace", pod.namespace());
      tags = tags.and("pod_name", pod.name(), "container_name", pod.container());
      Row.add(rows, "flopmeter_node_pod_info", tags, 1);
    }
    return rows;
  }

  /** A value for each of a label's. */
  private static void each(
      List<Row> rows,
      String metric,
      Tags tags,
      String label,
      Map<String, ? extends Number> values) {
    values.forEach((value, number) -> Row.add(rows, metric, tags.and(label, value), number));
  }

  /** Of a MIG instance, which CUDA may not show to the child that lists the devices. */
  private static void peaks(List<Row> rows, Gpu gpu, Part part) {
    Tags tags = Tags.of("device", gpu.device(), "basis", Basis.DATASHEET.label());
    Datasheet.load()
        .find(gpu.name(), part.multiprocessors(), part.memory())
        .ifPresent(
            card -> {
              String flops = "flopmeter_device_peak_flop_per_second";
              each(rows, flops, tags, "precision", card.flopsPerSecond());
              String bytes = "flopmeter_device_peak_memory_bytes_per_second";
              Row.add(rows, bytes, tags, card.bytesPerSecond());
            });
  }

  private static void add(List<Row> rows, Tags gpu, ProcessAccount account) {
    Occupant process = account.process();
    Tags tags = gpu.and(process(Long.toString(process.pid()), process.owner()));
    Row.add(rows, "flopmeter_node_process_seconds_total", tags, account.seconds());
    Row.add(rows, "flopmeter_node_process_memory_bytes", tags, process.memoryBytes());
    Row.add(rows, "flopmeter_node_process_utilization_ratio", tags, process.utilization());
  }

  private static void others(List<Row> rows, Tags gpu, GpuAccount account) {
    if (account.otherSeconds() == 0) {
      return;
    }
    Tags tags = gpu.and(process("", new ProcessOwner("other", "", "", "")));
    Row.add(rows, "flopmeter_node_process_seconds_total", tags, account.otherSeconds());
    double bytes = 0;
    for (Occupant other : account.others()) {
      bytes += Objects.requireNonNullElse(other.memoryBytes(), 0L);
    }
    Row.add(rows, "flopmeter_node_process_memory_bytes", tags, bytes);
  }

  private static Tags process(String pid, ProcessOwner owner) {
    return Tags.of("pid", pid, "process", owner.name(), "container", owner.container())
        .and("pod", owner.pod(), "slurm_job", owner.slurmJob());
  }
}
