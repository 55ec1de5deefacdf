package dev.flopmeter.cli;

import dev.flopmeter.device.CudaDevices;
import dev.flopmeter.device.CudaLibraries;
import dev.flopmeter.device.Datasheet;
import dev.flopmeter.device.Device;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.device.RoofCache;
import dev.flopmeter.device.SensorReading;
import dev.flopmeter.device.SensorReading.Figure;
import dev.flopmeter.device.SensorSource;
import dev.flopmeter.measure.DeviceRoofs;
import dev.flopmeter.result.Basis;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult.Roof;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.json.JsonMapper;

/**
 * The devices of this machine and how busy they are, as {@code flopmeter devices --format json}
 * reports them. The daemon uses it to decide what to measure, and when.
 */
final class DeviceListing {
  /** Long enough to measure a share of time on a processor with ticks of 10 ms. */
  private static final long LOAD_WINDOW_MILLIS = 200;

  private static final Pattern AVAILABLE = Pattern.compile("MemAvailable:\\s+(\\d{1,15}) kB");

  private DeviceListing() {}

  /** {@code {"schema":"flopmeter.devices/1","devices":[...]}}; the CPU is the last. */
  static String json(CudaLibraries libraries, CudaDevices found) {
    List<Map<String, Object>> all = new ArrayList<>();
    List<String> problems = libraries.problems();
    for (Device gpu : found.devices()) {
      Map<String, Object> fields = fields(gpu);
      fields.put("usable", problems.isEmpty());
      problems.stream().findFirst().ifPresent(problem -> fields.put("problem", problem));
      fields.put("sensors", sensors(gpu, Figure.UTILIZATION, Figure.POWER, Figure.TEMPERATURE));
      fields.put("peaks", peaks(gpu, cache()));
      all.add(fields);
    }
    all.add(cpu());
    Map<String, Object> listing = new LinkedHashMap<>(Map.of("schema", "flopmeter.devices/1"));
    listing.put("devices", all);
    return JsonMapper.builder()
        .build()
        .writerWithDefaultPrettyPrinter()
        .writeValueAsString(listing);
  }

  private static Map<String, Object> cpu() {
    String cores = Integer.toString(Runtime.getRuntime().availableProcessors());
    Device cpu = new Device(DeviceKind.CPU, "cpu", "CPU", Map.of("cores", cores), false);
    Map<String, Object> fields = fields(cpu);
    fields.put("usable", true);
    fields.put("sensors", sensors(cpu, Figure.UTILIZATION));
    return fields;
  }

  private static Map<String, Object> fields(Device device) {
    Map<String, Object> fields = new TreeMap<>(device.properties());
    fields.put("kind", device.kind().label());
    fields.put("id", device.id());
    fields.put("name", device.name());
    fields.put("emulated", device.isEmulated());
    return fields;
  }

  /** Dense peaks by precision and basis, and of the memory, if roofs are known. */
  static List<Map<String, Object>> peaks(Device gpu, Optional<RoofCache> cache) {
    MeasuredRoofs measured =
        gpu.isEmulated() ? null : cache.flatMap(one -> one.current("cudnn", gpu)).orElse(null);
    DeviceRoofs known = new DeviceRoofs(gpu, Datasheet.load(), measured);
    List<Map<String, Object>> peaks = new ArrayList<>();
    for (Basis basis : Basis.values()) {
      for (Precision precision : Precision.values()) {
        Roof roof = known.at(precision, null).roofs().of(basis);
        if (roof != null && roof.flopsPerSecond() != null) {
          Map<String, Object> peak = new TreeMap<>(Map.of("basis", basis.label()));
          peak.put("precision", precision.label());
          peak.put("flops_per_second", roof.flopsPerSecond());
          peaks.add(peak);
        }
      }
      Roof roof = known.at(Precision.FP32, null).roofs().of(basis);
      if (roof != null && roof.bytesPerSecond() != null) {
        Map<String, Object> peak = new TreeMap<>(Map.of("basis", basis.label()));
        peak.put("bytes_per_second", roof.bytesPerSecond());
        peaks.add(peak);
      }
    }
    return peaks;
  }

  private static Optional<RoofCache> cache() {
    try {
      return Optional.of(RoofCache.ofUser());
    } catch (IOException e) {
      return Optional.empty(); // the user has no folder for it, so there are no measurements
    }
  }

  private static Map<String, Object> sensors(Device device, Figure... figures) {
    Map<String, Object> sensors = new TreeMap<>();
    try (SensorSource source = SensorSource.of(device)) {
      if (device.kind() == DeviceKind.CPU) {
        // Its load is a share of time, so it takes a moment to measure.
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(LOAD_WINDOW_MILLIS));
      }
      SensorReading reading = source.read();
      for (Figure figure : figures) {
        Optional.ofNullable(reading.of(figure))
            .ifPresent(value -> sensors.put(figure.label(), value));
      }
      freeMemory(device, reading).ifPresent(bytes -> sensors.put("memory_free_bytes", bytes));
    }
    return sensors;
  }

  private static Optional<? extends Number> freeMemory(Device device, SensorReading reading) {
    if (device.kind() == DeviceKind.CPU) {
      return availableMemory(Path.of("/proc/meminfo"));
    }
    Double used = reading.of(Figure.MEMORY_USED);
    String total = device.properties().get("memory_bytes");
    return used == null || total == null
        ? Optional.empty()
        : Optional.of(Math.max(0, Long.parseLong(total) - used.longValue()));
  }

  private static Optional<Double> availableMemory(Path meminfo) {
    try {
      Matcher available = AVAILABLE.matcher(Files.readString(meminfo));
      return available.find()
          ? Optional.of(1024.0 * Long.parseLong(available.group(1)))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty(); // not Linux: absent
    }
  }
}
