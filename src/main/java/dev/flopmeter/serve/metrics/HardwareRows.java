package dev.flopmeter.serve.metrics;

import dev.flopmeter.device.NodeSample.Gpu;
import dev.flopmeter.device.NodeSample.Health;
import dev.flopmeter.device.NodeSample.State;
import dev.flopmeter.serve.node.GpuAccount;
import dev.flopmeter.serve.node.NodeState;
import dev.flopmeter.text.Csv;
import io.prometheus.metrics.model.snapshots.Labels;
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
  private static final List<List<String>> TABLE = Csv.rows(HardwareRows.class, "hardware.csv");

  /** What these say in place of our metrics. */
  static final Set<String> COVERED =
      TABLE.stream().map(row -> row.get(3)).collect(Collectors.toUnmodifiableSet());

  private static final Map<String, Metric> METRICS =
      TABLE.stream()
          .map(HardwareRows::metric)
          .collect(Collectors.toUnmodifiableMap(Metric::name, metric -> metric));

  private final List<Row> rows = new ArrayList<>();

  private HardwareRows() {}

  private static Metric metric(List<String> row) {
    Metric.Kind kind = Metric.Kind.valueOf(row.get(1).toUpperCase(Locale.ROOT));
    return new Metric(row.get(0), kind, Part.DEVICES, row.get(2), List.of(), row.get(4));
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
    Labels labels = labels(gpu);
    if (account.isReached()) {
      add("hw.gpu.utilization", labels.add("hw.gpu.task", "general"), gpu.utilization());
      add("hw.gpu.memory.usage", labels, gpu.memoryUsedBytes());
      add("hw.gpu.memory.limit", labels, gpu.memoryTotalBytes());
    }
    if (account.state() != State.UNKNOWN) {
      String state = account.state() == State.LOST ? "failed" : "ok";
      for (String each : List.of("ok", "failed")) {
        add("hw.status", labels.add("hw.state", each), each.equals(state) ? 1 : 0);
      }
    }
  }

  private void add(Health health, boolean isReached) {
    Labels labels = labels(health.uuid(), health.device());
    if (isReached) {
      add("hw.power", labels, health.powerWatts());
      add("hw.temperature", labels, health.temperatureCelsius());
    }
    add("hw.energy", labels, health.energyJoules());
    for (String kind : health.errors().keySet()) {
      Labels typed = labels.add("error.type", kind.replaceFirst("^ecc_", ""));
      if (!kind.startsWith("rows_") && !kind.equals("fatal")) { // states, repairs and sums
        add("hw.errors", typed, health.errors().get(kind));
      }
    }
  }

  private static Labels labels(String id, String name) {
    return Labels.of("hw.id", id, "hw.type", "gpu", "hw.name", name);
  }

  private static Labels labels(Gpu gpu) {
    Labels labels =
        labels(gpu.uuid().isEmpty() ? gpu.device() : gpu.uuid(), gpu.device())
            .add("hw.vendor", "NVIDIA");
    labels = gpu.name().isEmpty() ? labels : labels.add("hw.model", gpu.name());
    return gpu.parent().equals(gpu.uuid()) ? labels : labels.add("hw.parent", gpu.parent());
  }

  private void add(String name, Labels labels, @Nullable Number value) {
    if (value != null) {
      rows.add(new Row(Objects.requireNonNull(METRICS.get(name)), labels, value.doubleValue()));
    }
  }
}
