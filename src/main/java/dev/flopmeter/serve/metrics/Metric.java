package dev.flopmeter.serve.metrics;

import dev.flopmeter.text.Csv;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * A metric that is published. {@code metrics.csv} is the one place of names, labels and help; the
 * JVM's and the process' metrics come from the Prometheus client.
 *
 * @param name as Prometheus shows it
 * @param part what is left out with it where there are too many series
 * @param unit its base unit, or empty
 * @param labels in order
 */
record Metric(String name, Kind kind, Part part, String unit, List<String> labels, String help) {
  enum Kind {
    GAUGE,
    COUNTER,
    HISTOGRAM,
    SUMMARY,
    INFO,
    /** A sum that also falls: only of OpenTelemetry. */
    UP_DOWN
  }

  /** Labels of everything that belongs to one series of results; {@code RESULT} in the table. */
  static final List<String> RESULT =
      List.of("workload", "model", "device", "backend", "precision", "batch");

  private static final Set<String> UNITS =
      Set.of("seconds", "bytes", "joules", "watts", "celsius", "hertz");

  private static final Map<String, Metric> ALL = read();

  private static Map<String, Metric> read() {
    Map<String, Metric> all = new LinkedHashMap<>();
    for (List<String> row : Csv.rows(Metric.class, "metrics.csv")) {
      String name = row.get(0);
      Kind kind = Kind.valueOf(row.get(1).toUpperCase(Locale.ROOT));
      Part part = Part.valueOf(row.get(2).toUpperCase(Locale.ROOT));
      List<String> labels = new ArrayList<>(List.of(row.get(3).split(" ")));
      if (labels.remove("RESULT")) {
        labels.addAll(0, RESULT);
      }
      labels.remove("");
      // A counter's unit is part of its own suffix.
      String last = name.substring(name.lastIndexOf('_') + 1);
      String unit = kind != Kind.COUNTER && UNITS.contains(last) ? last : "";
      all.put(name, new Metric(name, kind, part, unit, List.copyOf(labels), row.get(4)));
    }
    return Collections.unmodifiableMap(all);
  }

  /** Every metric of the daemon, in the order of the reference. */
  static Collection<Metric> all() {
    return ALL.values();
  }

  static Metric named(String name) {
    return Objects.requireNonNull(ALL.get(name), name);
  }

  /** Its name within the Prometheus client, which adds the suffixes of a counter and an info. */
  String family() {
    return switch (kind) {
      case COUNTER -> name.replaceFirst("_total$", "");
      case INFO -> name.replaceFirst("_info$", "");
      case GAUGE, HISTOGRAM, SUMMARY, UP_DOWN -> name;
    };
  }
}
