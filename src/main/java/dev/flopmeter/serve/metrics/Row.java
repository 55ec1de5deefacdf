package dev.flopmeter.serve.metrics;

import io.prometheus.metrics.model.snapshots.Labels;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A value with its labels.
 *
 * @param created when a counter that is published first was, in milliseconds since 1970; otherwise
 *     0
 */
record Row(Metric metric, Labels labels, double value, long created) {
  Row(Metric metric, Labels labels, double value) {
    this(metric, labels, value, 0);
  }

  static void add(List<Row> rows, String metric, Labels labels, @Nullable Number value) {
    if (value != null && Double.isFinite(value.doubleValue())) {
      rows.add(new Row(Metric.named(metric), labels, value.doubleValue()));
    }
  }

  /** What distinguishes its series from others. */
  List<Object> series() {
    return List.of(metric, labels);
  }
}
