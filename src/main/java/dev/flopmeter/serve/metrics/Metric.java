package dev.flopmeter.serve.metrics;

import java.util.List;

/**
 * A metric that is published: the one place of its name, labels and help.
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
    INFO
  }

  /** Its name within the Prometheus client, which adds the suffixes of a counter and an info. */
  String family() {
    return switch (kind) {
      case COUNTER -> name.replaceFirst("_total$", "");
      case INFO -> name.replaceFirst("_info$", "");
      case GAUGE, HISTOGRAM, SUMMARY -> name;
    };
  }
}
