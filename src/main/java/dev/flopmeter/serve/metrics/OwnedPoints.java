package dev.flopmeter.serve.metrics;

import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;

/**
 * A family whose points come and go with what they describe, for what Micrometer cannot publish:
 * infos, and quantiles that were computed elsewhere.
 */
final class OwnedPoints<P extends DataPointSnapshot> implements Collector {
  private final MetricMetadata metadata;
  private final BiFunction<MetricMetadata, Collection<P>, MetricSnapshot> family;
  private final Map<Object, List<P>> points = new ConcurrentHashMap<>();

  OwnedPoints(Metric metric, BiFunction<MetricMetadata, Collection<P>, MetricSnapshot> family) {
    this.metadata = new MetricMetadata(metric.family(), metric.help());
    this.family = family;
  }

  /** Makes these all that an owner has. */
  void replace(Object owner, List<P> next) {
    points.put(owner, List.copyOf(next));
  }

  void remove(Object owner) {
    points.remove(owner);
  }

  @Override
  public MetricSnapshot collect() {
    return family.apply(metadata, points.values().stream().flatMap(List::stream).toList());
  }
}
