package dev.flopmeter.serve.metrics;

import dev.flopmeter.serve.result.Result;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What a result tells about its device. */
final class DeviceRows {
  private DeviceRows() {}

  private static final Map<String, Metric> SENSORS =
      Map.of(
          "sensors.power_w", Catalogue.POWER,
          "sensors.temperature_c", Catalogue.TEMPERATURE,
          "sensors.memory_used_bytes", Catalogue.MEMORY_USED,
          "sensors.utilization", Catalogue.UTILIZATION);

  private static final Map<String, String> CLOCKS =
      Map.of("sensors.sm_clock_hz", "sm", "sensors.memory_clock_hz", "memory");

  /** Gauges of the sensors. */
  static List<Row> sensors(Result result) {
    Tags tags = Tags.of("device", result.key().device());
    List<Row> rows = new ArrayList<>();
    SENSORS.forEach(
        (path, metric) -> {
          Double value = result.value(path);
          if (value != null) {
            rows.add(new Row(metric, tags, value));
          }
        });
    CLOCKS.forEach(
        (path, domain) -> {
          Double value = result.value(path);
          if (value != null) {
            rows.add(new Row(Catalogue.CLOCK, tags.and("domain", domain), value));
          }
        });
    for (String reason : result.throttleReasons()) {
      rows.add(new Row(Catalogue.THROTTLE, tags.and("reason", reason), 1));
    }
    return rows;
  }

  /** Peak rates, which differ by precision. */
  static List<Row> peakFlops(Result result) {
    Tags tags = Tags.of("device", result.key().device(), "precision", result.key().precision());
    return peaks(result, Catalogue.PEAK_FLOP, tags, "flops_per_second");
  }

  /** Peak bandwidth. */
  static List<Row> peakBytes(Result result) {
    Tags tags = Tags.of("device", result.key().device());
    return peaks(result, Catalogue.PEAK_BYTES, tags, "bytes_per_second");
  }

  private static List<Row> peaks(Result result, Metric metric, Tags tags, String figure) {
    List<Row> rows = new ArrayList<>();
    for (String basis : ResultRows.BASES) {
      Double peak = result.value("roofs." + basis + "." + figure);
      if (peak != null) {
        rows.add(new Row(metric, tags.and("basis", basis), peak));
      }
    }
    return rows;
  }

  /** Label values of {@link Catalogue#DEVICE_INFO}. */
  static String[] info(Result result) {
    Double emulated = result.value("device.emulated");
    return new String[] {
      result.key().device(),
      text(result, "device.kind"),
      text(result, "device.name"),
      text(result, "device.driver"),
      text(result, "device.cuda"),
      text(result, "device.cudnn"),
      emulated != null && emulated == 1 ? "true" : "false"
    };
  }

  private static String text(Result result, String path) {
    String text = result.text(path);
    return text == null ? "" : text;
  }
}
