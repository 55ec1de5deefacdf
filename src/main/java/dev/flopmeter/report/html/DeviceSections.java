package dev.flopmeter.report.html;

import dev.flopmeter.report.page.Markup;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.result.ProfileResult.Sensors;
import dev.flopmeter.units.Figures;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The device during the run: memory in use and sensor readings. */
final class DeviceSections {
  private DeviceSections() {}

  /** Titles of the sensor fields, by their names in the JSON. */
  private static final Map<String, String> FIELDS =
      Map.of(
          "sm_clock_hz", "Clock of the processors",
          "memory_clock_hz", "Clock of the memory",
          "power_w", "Power",
          "power_limit_w", "Power limit",
          "energy_j_per_inference", "Energy of an inference",
          "temperature_c", "Temperature",
          "utilization", "Busy, as the device says",
          "memory_used_bytes", "Memory in use, by anyone",
          "other_processes", "Other processes on the device",
          "throttle_reasons", "Clock held back by");

  static void draw(Markup out, ProfileResult result, String id) {
    Memory memory = result.memory();
    Sensors sensors = result.sensors();
    if (memory == null && sensors == null) {
      return;
    }
    out.open("div.columns");
    if (memory != null) {
      HtmlReport.section(out, id, "memory", "Memory", () -> memory(out, memory));
    }
    if (sensors != null) {
      HtmlReport.section(out, id, "sensors", "Sensors over the run", () -> sensors(out, sensors));
    }
    out.close("div").line();
  }

  private static void memory(Markup out, Memory memory) {
    List<String> names = List.of("Weights", "Activations", "Workspace");
    List<Long> parts = List.of(memory.weights(), memory.activations(), memory.workspace());
    if (memory.total() > 0) {
      TimeCharts.strip(
          out, List.of("k0", "k1", "k2"), parts.stream().map(Long::doubleValue).toList(), false);
    }
    Facts facts = new Facts(out, ".sr", "Held on the device");
    for (int i = 0; i < names.size(); i++) {
      facts.addColoured("k" + i, names.get(i), Figures.bytes(parts.get(i)));
    }
    facts.add("Together", Figures.bytes(memory.total())).end();
  }

  private static void sensors(Markup out, Sensors sensors) {
    Facts facts = new Facts(out, ".sr", "Sensors");
    facts.add(title("sm_clock_hz"), sensors.smClockHz(), DeviceSections::hertz);
    facts.add(title("memory_clock_hz"), sensors.memoryClockHz(), DeviceSections::hertz);
    Double limit = sensors.powerLimitW();
    String ofLimit = limit == null ? "" : " of " + Figures.si(limit, "W");
    facts.add(title("power_w"), sensors.powerW(), value -> Figures.si(value, "W") + ofLimit);
    facts.add(
        title("energy_j_per_inference"), sensors.energyJPerInference(), DeviceSections::joules);
    facts.add(
        title("temperature_c"), sensors.temperatureC(), value -> Figures.number(value) + " °C");
    facts.add(title("utilization"), sensors.utilization(), Figures::percent);
    facts.add(title("memory_used_bytes"), sensors.memoryUsedBytes(), Figures::bytes);
    facts.add(title("other_processes"), sensors.otherProcesses());
    List<String> reasons = sensors.throttleReasons();
    facts.add(
        title("throttle_reasons"), reasons.isEmpty() ? "nothing" : String.join(", ", reasons));
    new TreeMap<>(sensors.absent())
        .forEach((field, reason) -> facts.add(title(field), "not known: " + reason));
    facts.end();
  }

  private static String title(String field) {
    return FIELDS.getOrDefault(field, field);
  }

  private static String hertz(double value) {
    return Figures.si(value, "Hz");
  }

  private static String joules(double value) {
    return value < 1 ? Figures.number(value * 1000) + " mJ" : Figures.number(value) + " J";
  }
}
