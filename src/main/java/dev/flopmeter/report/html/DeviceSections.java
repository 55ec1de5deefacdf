package dev.flopmeter.report.html;

import static dev.flopmeter.report.html.LatencyChart.fact;

import dev.flopmeter.report.page.Markup;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.result.ProfileResult.Sensors;
import dev.flopmeter.units.Figures;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.DoubleFunction;
import org.jspecify.annotations.Nullable;

/** The device during the run: memory in use and sensor readings. */
final class DeviceSections {
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

  private final ProfileResult result;

  DeviceSections(ProfileResult result) {
    this.result = result;
  }

  void draw(Markup out, String id) {
    if (result.memory() == null && result.sensors() == null) {
      return;
    }
    out.open("div.columns");
    if (result.memory() != null) {
      HtmlReport.section(out, id, "memory", "Memory");
      memory(out, result.memory());
      out.close("section");
    }
    if (result.sensors() != null) {
      HtmlReport.section(out, id, "sensors", "Sensors over the run");
      sensors(out, result.sensors());
      out.close("section");
    }
    out.close("div").line();
  }

  private static void memory(Markup out, Memory memory) {
    long total = memory.total();
    String[] names = {"Weights", "Activations", "Workspace"};
    long[] parts = {memory.weights(), memory.activations(), memory.workspace()};
    if (total > 0) {
      out.open("svg.strip viewBox=%s preserveAspectRatio=none aria-hidden=true", "0 0 960 44");
      double x = 0;
      for (int i = 0; i < parts.length; i++) {
        double width = 960.0 * parts[i] / total;
        out.empty("rect.k" + i + " x=%s width=%s height=%s", x, width, 44.0);
        x += width;
      }
      out.close("svg");
    }
    out.open("table.facts").element("caption.sr", "Held on the device");
    out.open("tbody");
    for (int i = 0; i < parts.length; i++) {
      out.open("tr").open("th scope=row");
      out.empty("i.swatch.k" + i).text(names[i]).close("th");
      out.element("td", Figures.bytes(parts[i])).close("tr");
    }
    fact(out, "Together", Figures.bytes(total));
    out.close("tbody").close("table");
  }

  private static void sensors(Markup out, Sensors sensors) {
    out.open("table.facts").element("caption.sr", "Sensors");
    out.open("tbody");
    row(out, "Clock of the processors", sensors.smClockHz(), value -> Figures.si(value, "Hz"));
    row(out, "Clock of the memory", sensors.memoryClockHz(), value -> Figures.si(value, "Hz"));
    Double limit = sensors.powerLimitW();
    row(
        out,
        "Power",
        sensors.powerW(),
        value -> Figures.si(value, "W") + (limit == null ? "" : " of " + Figures.si(limit, "W")));
    row(
        out,
        "Energy of an inference",
        sensors.energyJPerInference(),
        value -> value < 1 ? Figures.number(value * 1000) + " mJ" : Figures.number(value) + " J");
    row(out, "Temperature", sensors.temperatureC(), value -> Figures.number(value) + " °C");
    row(out, "Busy, as the device says", sensors.utilization(), Figures::percent);
    if (sensors.memoryUsedBytes() != null) {
      fact(out, "Memory in use, by anyone", Figures.bytes(sensors.memoryUsedBytes()));
    }
    if (sensors.otherProcesses() != null) {
      fact(out, "Other processes on the device", Integer.toString(sensors.otherProcesses()));
    }
    fact(
        out,
        "Clock held back by",
        sensors.throttleReasons().isEmpty()
            ? "nothing"
            : String.join(", ", sensors.throttleReasons()));
    for (Map.Entry<String, String> absent : new TreeMap<>(sensors.absent()).entrySet()) {
      String name = FIELDS.getOrDefault(absent.getKey(), absent.getKey());
      fact(out, name, "not known: " + absent.getValue());
    }
    out.close("tbody").close("table");
  }

  private static void row(
      Markup out, String name, @Nullable Double value, DoubleFunction<String> text) {
    if (value != null) {
      fact(out, name, text.apply(value));
    }
  }
}
