package dev.flopmeter.serve.metrics;

import dev.flopmeter.device.NodeSample.Gpu;
import dev.flopmeter.device.NodeSample.Health;
import dev.flopmeter.device.NodeSample.State;
import dev.flopmeter.serve.node.GpuAccount;
import dev.flopmeter.serve.node.NodeState;
import dev.flopmeter.text.Csv;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The GPUs of a node as OpenTelemetry's semantic conventions for hardware describe them.
 *
 * @see <a href="https://opentelemetry.io/docs/specs/semconv/hardware/gpu/">GPU metrics</a>
 */
final class HardwareRows {
  /** What these say in place of our metrics. */
  static final Set<String> COVERED =
      Set.of(
          "flopmeter_node_utilization_ratio",
          "flopmeter_node_memory_used_bytes",
          "flopmeter_node_power_watts",
          "flopmeter_node_temperature_celsius",
          "flopmeter_node_energy_joules_total");

  private static final Map<String, Metric> METRICS =
      Csv.rows(HardwareRows.class, "hardware.csv").stream()
          .map(HardwareRows::metric)
          .collect(Collectors.toUnmodifiableMap(Metric::name, metric -> metric));

  private final List<Row> rows = new ArrayList<>();

  private HardwareRows() {}

  private static Metric metric(List<String> row) {
    Metric.Kind kind = Metric.Kind.valueOf(row.get(1).toUpperCase(Locale.ROOT));
    return new Metric(row.get(0), kind, Part.DEVICES, row.get(2), List.of(), row.get(3));
  }

  /** Whether a metric is a sum that rises and falls; Micrometer has gauges alone for those. */
  static boolean isUpDown(String name) {
    Metric metric = METRICS.get(name);
    return metric != null && metric.kind() == Metric.Kind.UP_DOWN;
  }

  static List<Row> of(NodeState node) {
    HardwareRows hardware = new HardwareRows();
    node.gpus().forEach(hardware::add);
    node.health().forEach(health -> hardware.add(health, node.isReached(health.uuid())));
    return hardware.rows;
  }

  private void add(GpuAccount account) {
    Gpu gpu = account.gpu();
    Tags tags = tags(gpu);
    if (account.isReached()) {
      add("hw.gpu.utilization", tags.and("hw.gpu.task", "general"), gpu.utilization());
      add("hw.gpu.memory.usage", tags, gpu.memoryUsedBytes());
      add("hw.gpu.memory.limit", tags, gpu.memoryTotalBytes());
    }
    if (account.state() != State.UNKNOWN) {
      String state = account.state() == State.LOST ? "failed" : "ok";
      for (String each : List.of("ok", "failed")) {
        add("hw.status", tags.and("hw.state", each), each.equals(state) ? 1 : 0);
      }
    }
  }

  private void add(Health health, boolean isReached) {
    Tags tags = tags(health.uuid(), health.device());
    if (isReached) {
      add("hw.power", tags, health.powerWatts());
      add("hw.temperature", tags, health.temperatureCelsius());
    }
    add("hw.energy", tags, health.energyJoules());
    for (String kind : health.errors().keySet()) {
      Tags typed = tags.and("error.type", kind.replaceFirst("^ecc_", ""));
      if (!kind.startsWith("rows_") && !kind.equals("fatal")) { // states, repairs and sums
        add("hw.errors", typed, health.errors().get(kind));
      }
    }
  }

  private static Tags tags(String id, String name) {
    return Tags.of("hw.id", id, "hw.type", "gpu", "hw.name", name);
  }

  private static Tags tags(Gpu gpu) {
    Tags tags =
        tags(gpu.uuid().isEmpty() ? gpu.device() : gpu.uuid(), gpu.device())
            .and("hw.vendor", "NVIDIA");
    tags = gpu.name().isEmpty() ? tags : tags.and("hw.model", gpu.name());
    return gpu.parent().equals(gpu.uuid()) ? tags : tags.and("hw.parent", gpu.parent());
  }

  private void add(String name, Tags tags, @Nullable Number value) {
    if (value != null) {
      rows.add(new Row(Objects.requireNonNull(METRICS.get(name)), tags, value.doubleValue()));
    }
  }
}
