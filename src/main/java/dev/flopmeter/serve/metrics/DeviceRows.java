package dev.flopmeter.serve.metrics;

import dev.flopmeter.device.Device;
import dev.flopmeter.result.Basis;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.result.ProfileResult.Sensors;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.worker.DeviceState;
import dev.flopmeter.serve.worker.DeviceState.Peak;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What a result contains about its device. */
final class DeviceRows {
  private DeviceRows() {}

  static List<Row> sensors(Result result) {
    List<Row> rows = new ArrayList<>();
    Sensors sensors = result.profile().sensors();
    if (sensors == null) {
      return rows;
    }
    Labels labels = Labels.of("device", result.key().device());
    Row.add(rows, "flopmeter_device_power_watts", labels, sensors.powerW());
    Row.add(rows, "flopmeter_device_temperature_celsius", labels, sensors.temperatureC());
    Row.add(rows, "flopmeter_device_memory_used_bytes", labels, sensors.memoryUsedBytes());
    Row.add(rows, "flopmeter_device_utilization_ratio", labels, sensors.utilization());
    String clock = "flopmeter_device_clock_hertz";
    Row.add(rows, clock, labels.add("domain", "sm"), sensors.smClockHz());
    Row.add(rows, clock, labels.add("domain", "memory"), sensors.memoryClockHz());
    for (String reason : sensors.throttleReasons()) {
      Row.add(rows, "flopmeter_device_throttle_active", labels.add("reason", reason), 1.0);
    }
    return rows;
  }

  /** Peak rates, which differ by precision. */
  static List<Row> peakFlops(Result result) {
    Labels labels =
        Labels.of("device", result.key().device(), "precision", result.key().precision());
    return peaks(result, "flopmeter_device_peak_flop_per_second", labels, Roof::flopsPerSecond);
  }

  static List<Row> peakBytes(Result result) {
    Labels labels = Labels.of("device", result.key().device());
    String metric = "flopmeter_device_peak_memory_bytes_per_second";
    return peaks(result, metric, labels, Roof::bytesPerSecond);
  }

  private static List<Row> peaks(
      Result result, String metric, Labels labels, Function<Roof, @Nullable Double> rate) {
    List<Row> rows = new ArrayList<>();
    for (Basis basis : Basis.values()) {
      Roof roof = result.profile().roofs().of(basis);
      if (roof != null) {
        Row.add(rows, metric, labels.add("basis", basis.label()), rate.apply(roof));
      }
    }
    return rows;
  }

  /**
   * Peaks that are known without a result.
   *
   * @param known precisions that need none; empty for the memory's bandwidth
   */
  static List<Row> peaks(DeviceState device, Set<String> known) {
    List<Row> rows = new ArrayList<>();
    for (Peak peak : device.peaks()) {
      Labels labels = Labels.of("device", device.id(), "basis", peak.basis());
      if (known.contains(peak.precision())) {
        continue;
      }
      if (peak.precision().isEmpty()) {
        Row.add(rows, "flopmeter_device_peak_memory_bytes_per_second", labels, peak.perSecond());
      } else {
        Labels one = labels.add("precision", peak.precision());
        Row.add(rows, "flopmeter_device_peak_flop_per_second", one, peak.perSecond());
      }
    }
    return rows;
  }

  static Row info(Result result) {
    Device device = result.profile().device();
    return info(
        result.key().device(),
        device.kind().label(),
        device.name(),
        device.properties(),
        device.isEmulated());
  }

  static Row info(DeviceState device) {
    Map<String, String> properties = device.properties();
    return info(
        device.id(),
        device.kind(),
        properties.getOrDefault("name", ""),
        properties,
        properties.getOrDefault("emulated", "").equals("true"));
  }

  private static Row info(
      String id, String kind, String name, Map<String, String> properties, boolean isEmulated) {
    Labels labels = Labels.of("device", id, "kind", kind, "name", name);
    for (String property : List.of("driver", "cuda", "cudnn", "uuid", "pci_bus_id", "mig_uuid")) {
      labels = labels.add(property, properties.getOrDefault(property, ""));
    }
    labels = labels.add("emulated", Boolean.toString(isEmulated));
    return new Row(Metric.named("flopmeter_device_info"), labels, 1);
  }
}
