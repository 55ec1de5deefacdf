package dev.flopmeter.serve.metrics;

import java.util.List;

/**
 * A metric that is published: the one place of its name, labels and help.
 *
 * @param name as Prometheus shows it
 * @param unit its base unit, or empty
 * @param labels in order
 */
record Metric(String name, Kind kind, String unit, List<String> labels, String help) {
  enum Kind {
    GAUGE,
    COUNTER,
    HISTOGRAM,
    SUMMARY,
    INFO
  }
}
