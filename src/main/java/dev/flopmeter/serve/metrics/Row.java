package dev.flopmeter.serve.metrics;

import io.micrometer.core.instrument.Tags;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A gauge's value with its labels, about to be published. */
record Row(Metric metric, Tags tags, double value) {
  /** Adds a value if it is there. */
  static void add(List<Row> rows, String metric, Tags tags, @Nullable Number value) {
    if (value != null && Double.isFinite(value.doubleValue())) {
      rows.add(new Row(Metric.named(metric), tags, value.doubleValue()));
    }
  }
}
