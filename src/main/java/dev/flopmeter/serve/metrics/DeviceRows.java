package dev.flopmeter.serve.metrics;

import dev.flopmeter.device.Device;
import dev.flopmeter.result.Basis;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.result.ProfileResult.Sensors;
import dev.flopmeter.serve.result.Result;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
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

  /** Label values of {@link Catalogue#DEVICE_INFO}. */
  static String[] info(Result result) {
    Device device = result.profile().device();
    return new String[] {
      result.key().device(),
      device.kind().label(),
      device.name(),
      device.properties().getOrDefault("driver", ""),
      device.properties().getOrDefault("cuda", ""),
      device.properties().getOrDefault("cudnn", ""),
      Boolean.toString(device.isEmulated())
    };
  }
}
