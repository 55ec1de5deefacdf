package dev.flopmeter.serve.metrics;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.List;

/** A counter; the Prometheus client's, since Micrometer's has no created timestamp. */
final class CounterFamily {
  private final Counter counter;

  CounterFamily(Metric metric, PrometheusRegistry registry) {
    this.counter =
        Counter.builder()
            .name(metric.name())
            .help(metric.help())
            .labelNames(metric.labels().toArray(String[]::new))
            .register(registry);
  }

  /** Shows a series at 0, so that its first increase is seen. */
  void begin(String... labels) {
    counter.initLabelValues(labels);
  }

  void add(double amount, String... labels) {
    if (labels.length == 0) {
      counter.inc(amount);
    } else {
      counter.labelValues(labels).inc(amount);
    }
  }

  /** Removes every series whose first labels are these. */
  void remove(List<String> labels) {
    counter.removeIf(values -> values.subList(0, labels.size()).equals(labels));
  }
}
