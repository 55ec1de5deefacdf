package dev.flopmeter.serve.metrics;

import dev.flopmeter.device.Device;
import dev.flopmeter.result.Basis;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.result.ProfileResult.Sensors;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.worker.DeviceState;
import dev.flopmeter.serve.worker.DeviceState.Peak;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a result tells about its device. */
final class DeviceRows {
  private DeviceRows() {}

  /** Gauges of the sensors. */
  static List<Row> sensors(Result result) {
    List<Row> rows = new ArrayList<>();
    Sensors sensors = result.profile().sensors();
    if (sensors == null) {
      return rows;
    }
    Tags tags = Tags.of("device", result.key().device());
    Long memory = sensors.memoryUsedBytes();
    add(rows, Catalogue.POWER, tags, sensors.powerW());
    add(rows, Catalogue.TEMPERATURE, tags, sensors.temperatureC());
    add(rows, Catalogue.MEMORY_USED, tags, memory == null ? null : memory.doubleValue());
    add(rows, Catalogue.UTILIZATION, tags, sensors.utilization());
    add(rows, Catalogue.CLOCK, tags.and("domain", "sm"), sensors.smClockHz());
    add(rows, Catalogue.CLOCK, tags.and("domain", "memory"), sensors.memoryClockHz());
    for (String reason : sensors.throttleReasons()) {
      add(rows, Catalogue.THROTTLE, tags.and("reason", reason), 1.0);
    }
    return rows;
  }

  /** Peak rates, which differ by precision. */
  static List<Row> peakFlops(Result result) {
    Tags tags = Tags.of("device", result.key().device(), "precision", result.key().precision());
    List<Row> rows = new ArrayList<>();
    for (Basis basis : Basis.values()) {
      Roof roof = result.profile().roofs().of(basis);
      if (roof != null) {
        add(rows, Catalogue.PEAK_FLOP, tags.and("basis", basis.label()), roof.flopsPerSecond());
      }
    }
    return rows;
  }

  /** Peak bandwidth. */
  static List<Row> peakBytes(Result result) {
    Tags tags = Tags.of("device", result.key().device());
    List<Row> rows = new ArrayList<>();
    for (Basis basis : Basis.values()) {
      Roof roof = result.profile().roofs().of(basis);
      if (roof != null) {
        add(rows, Catalogue.PEAK_BYTES, tags.and("basis", basis.label()), roof.bytesPerSecond());
      }
    }
    return rows;
  }

  private static void add(List<Row> rows, Metric metric, Tags tags, @Nullable Double value) {
    if (value != null && Double.isFinite(value)) {
      rows.add(new Row(metric, tags, value));
    }
  }

  /**
   * Peaks that are known without a result.
   *
   * @param known precisions that need none; empty for the memory's bandwidth
   */
  static List<Row> peaks(DeviceState device, Set<String> known) {
    List<Row> rows = new ArrayList<>();
    for (Peak peak : device.peaks()) {
      Tags tags = Tags.of("device", device.id(), "basis", peak.basis());
      if (known.contains(peak.precision())) {
        continue;
      }
      if (peak.precision().isEmpty()) {
        add(rows, Catalogue.PEAK_BYTES, tags, peak.perSecond());
      } else {
        add(rows, Catalogue.PEAK_FLOP, tags.and("precision", peak.precision()), peak.perSecond());
      }
    }
    return rows;
  }

  /** Label values of {@link Catalogue#DEVICE_INFO}. */
  static String[] info(Result result) {
    Device device = result.profile().device();
    return info(
        result.key().device(),
        device.kind().label(),
        device.name(),
        device.properties(),
        device.isEmulated());
  }

  static String[] info(DeviceState device) {
    Map<String, String> properties = device.properties();
    return info(
        device.id(),
        device.kind(),
        properties.getOrDefault("name", ""),
        properties,
        properties.getOrDefault("emulated", "").equals("true"));
  }

  private static String[] info(
      String id, String kind, String name, Map<String, String> properties, boolean isEmulated) {
    return Stream.concat(
            Stream.of(id, kind, name),
            Stream.concat(
                Stream.of("driver", "cuda", "cudnn", "uuid", "pci_bus_id", "mig_uuid")
                    .map(property -> properties.getOrDefault(property, "")),
                Stream.of(Boolean.toString(isEmulated))))
        .toArray(String[]::new);
  }
}
