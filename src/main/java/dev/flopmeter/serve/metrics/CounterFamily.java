package dev.flopmeter.serve.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A counter. Prometheus' own and not Micrometer's, because Micrometer's has no created timestamp; a
 * second one is kept for pushing where that is wanted.
 */
final class CounterFamily {
  private final Metric metric;
  private final Counter counter;
  private final @Nullable MeterRegistry pushed;

  CounterFamily(Metric metric, PrometheusRegistry registry, @Nullable MeterRegistry pushed) {
    this.metric = metric;
    this.pushed = pushed;
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
    if (pushed != null) {
      Tags tags = Tags.empty();
      for (int i = 0; i < labels.length; i++) {
        tags = tags.and(metric.labels().get(i), labels[i]);
      }
      pushed.counter(metric.name().replaceFirst("_total$", ""), tags).increment(amount);
    }
  }

  /** Removes every series whose first labels are these. */
  void remove(List<String> labels) {
    counter.removeIf(values -> values.subList(0, labels.size()).equals(labels));
  }
}
