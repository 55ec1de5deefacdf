package dev.flopmeter.report.html;

import dev.flopmeter.result.ProfileResult.Sensors;
import dev.flopmeter.text.Csv;
import dev.flopmeter.units.Figures;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The readings of the device's sensors during the run. */
final class SensorFacts {
  private SensorFacts() {}

  private static final Map<String, String> TITLES =
      Csv.rows(SensorFacts.class, "sensors.csv").stream()
          .collect(Collectors.toMap(row -> row.get(0), row -> row.get(1)));

  static Facts of(Sensors sensors) {
    Facts facts = new Facts();
    facts.add(title("sm_clock_hz"), sensors.smClockHz(), SensorFacts::hertz);
    facts.add(title("memory_clock_hz"), sensors.memoryClockHz(), SensorFacts::hertz);
    Double limit = sensors.powerLimitW();
    String ofLimit = limit == null ? "" : " of " + Figures.si(limit, "W");
    facts.add(title("power_w"), sensors.powerW(), value -> Figures.si(value, "W") + ofLimit);
    facts.add(title("energy_j_per_inference"), sensors.energyJPerInference(), SensorFacts::joules);
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
    return facts;
  }

  private static String title(String field) {
    return TITLES.getOrDefault(field, field);
  }

  private static String hertz(double value) {
    return Figures.si(value, "Hz");
  }

  private static String joules(double value) {
    return value < 1 ? Figures.number(value * 1000) + " mJ" : Figures.number(value) + " J";
  }
}
