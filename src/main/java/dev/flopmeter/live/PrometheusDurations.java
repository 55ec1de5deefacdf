package dev.flopmeter.live;

import io.micrometer.core.instrument.Measurement;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Statistic;
import io.micrometer.core.instrument.Tag;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The histogram {@code flopmeter_inference_duration_seconds} of all workloads in one Prometheus
 * registry, read from their own sums. Writing a Micrometer timer with buckets in every call would
 * cost several times the rest of recording.
 *
 * <p>A registry accepts one collector per name, so the workloads share it. The registry itself
 * holds it, as the object that the meter {@code flopmeter.live.workloads} measures.
 */
final class PrometheusDurations implements Collector, Iterable<Measurement> {
  private static final String NAME = "flopmeter_inference_duration_seconds";
  private static final String HELP = Meters.description("flopmeter.inference.duration");

  private final Map<Labels, Totals> series = new ConcurrentHashMap<>();

  /**
   * Adds a workload to the registry's histogram; of two with the same labels the first stays, as
   * for any meter in Micrometer.
   *
   * @param like a meter of the workload, whose tags have passed the registry's filters
   * @return removes the workload from the histogram
   */
  static Runnable join(MeterRegistry registry, Meter.Id like, Totals totals) {
    PrometheusDurations fresh = new PrometheusDurations();
    Meter keeper =
        Meter.builder("flopmeter.live.workloads", Meter.Type.GAUGE, fresh)
            .description("Workloads in this registry whose calls are recorded as they run.")
            .register(registry);
    if (keeper.measure() == fresh) {
      ((PrometheusMeterRegistry) registry).getPrometheusRegistry().register(fresh);
    }
    if (!(keeper.measure() instanceof PrometheusDurations shared)) {
      return () -> {};
    }
    Labels labels = labels(registry, like);
    shared.series.putIfAbsent(labels, totals);
    return () -> shared.series.remove(labels, totals);
  }

  private static Labels labels(MeterRegistry registry, Meter.Id like) {
    List<Tag> tags = like.getConventionTags(registry.config().namingConvention());
    return Labels.of(
        tags.stream().map(Tag::getKey).toList(), tags.stream().map(Tag::getValue).toList());
  }

  @Override
  public HistogramSnapshot collect() {
    HistogramSnapshot.Builder histogram = HistogramSnapshot.builder().name(NAME).help(HELP);
    series.forEach(
        (labels, totals) ->
            histogram.dataPoint(
                HistogramDataPointSnapshot.builder()
                    .labels(labels)
                    .classicHistogramBuckets(
                        ClassicHistogramBuckets.of(
                            DurationBuckets.upperBoundSeconds(), totals.byLatency()))
                    .sum(totals.busySeconds())
                    .build()));
    return histogram.build();
  }

  @Override
  public Iterator<Measurement> iterator() {
    return List.of(new Measurement(() -> (double) series.size(), Statistic.VALUE)).iterator();
  }
}
