package dev.flopmeter.serve.metrics;

import dev.flopmeter.result.Basis;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Latency;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.result.SeriesKey;
import dev.flopmeter.serve.result.TopLayers;
import io.micrometer.core.instrument.Tags;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.Quantile;
import io.prometheus.metrics.model.snapshots.Quantiles;
import io.prometheus.metrics.model.snapshots.SummarySnapshot.SummaryDataPointSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A result as rows of gauges. What was not measured has no row. */
final class ResultRows {
  private final ProfileResult result;
  private final Tags tags;
  private final List<Row> rows = new ArrayList<>();

  private ResultRows(PublishedResult shown) {
    this.result = shown.result().profile();
    this.tags = tags(shown.result().key());
  }

  /** Values of the labels that every metric of a result begins with. */
  static String[] labelValues(SeriesKey key, @Nullable String... more) {
    List<String> values = new ArrayList<>();
    values.add(key.workload());
    values.add(key.model());
    values.add(key.device());
    values.add(key.backend());
    values.add(key.precision());
    values.add(Long.toString(key.batch()));
    for (String value : more) {
      values.add(value == null ? "" : value);
    }
    return values.toArray(String[]::new);
  }

  private static Tags tags(SeriesKey key) {
    return Tags.of(
        "workload", key.workload(),
        "model", key.model(),
        "device", key.device(),
        "backend", key.backend(),
        "precision", key.precision(),
        "batch", Long.toString(key.batch()));
  }

  /** The quantiles of a result's latency that it has. */
  static SummaryDataPointSnapshot latencies(Result result) {
    Latency latency = result.profile().latency();
    Map<Double, Double> seconds = new TreeMap<>();
    seconds.put(0.25, latency.q1());
    seconds.put(0.5, latency.median());
    seconds.put(0.75, latency.q3());
    seconds.put(0.9, latency.p90());
    seconds.put(0.95, latency.p95());
    seconds.put(0.99, latency.p99());
    Quantiles.Builder quantiles = Quantiles.builder();
    seconds.forEach(
        (quantile, value) -> {
          if (value != null) {
            quantiles.quantile(new Quantile(quantile, value));
          }
        });
    Labels labels = labels("flopmeter_model_macs", labelValues(result.key()));
    return SummaryDataPointSnapshot.builder().quantiles(quantiles.build()).labels(labels).build();
  }

  /** What each layer is and how it was run. */
  static List<InfoDataPointSnapshot> layers(Result result) {
    return result.profile().layers().stream()
        .map(
            layer ->
                info(
                    "flopmeter_layer_info",
                    labelValues(
                        result.key(),
                        layer.name(),
                        layer.op(),
                        bound(layer),
                        layer.kernel().algorithm(),
                        layer.kernel().layout())))
        .toList();
  }

  private static @Nullable String bound(Layer layer) {
    return layer.name().equals(TopLayers.OTHER)
        ? TopLayers.OTHER
        : layer.bound() == null ? null : layer.bound().label();
  }

  /** A point of an info metric. */
  static InfoDataPointSnapshot info(String metric, String... values) {
    return new InfoDataPointSnapshot(labels(metric, values));
  }

  private static Labels labels(String metric, String... values) {
    return Labels.of(Metric.named(metric).labelNames(), values);
  }

  static List<Row> of(PublishedResult shown) {
    ResultRows all = new ResultRows(shown);
    all.measured();
    all.honesty(shown);
    all.result.layers().forEach(all::layer);
    return all.rows;
  }

  private void measured() {
    add("flopmeter_model_macs", (double) result.cost().macs());
    add("flopmeter_model_flop", (double) result.cost().flops());
    add("flopmeter_model_parameters", (double) result.cost().params());
    add("flopmeter_model_bytes", (double) result.cost().bytes());
    add("flopmeter_model_arithmetic_intensity_flop_per_byte", result.efficiency().intensity());
    add("flopmeter_model_flop_per_second", result.throughput().achievedFlopsPerSecond());
    add("flopmeter_inferences_per_second", result.throughput().inferencesPerSecond());
    for (Basis basis : Basis.values()) {
      Tags known = tags.and("basis", basis.label());
      add("flopmeter_model_flop_utilization_ratio", known, result.efficiency().mfu().of(basis));
      add(
          "flopmeter_model_memory_bandwidth_utilization_ratio",
          known,
          result.efficiency().mbu().of(basis));
      add(
          "flopmeter_model_flop_utilization_attainable_ratio",
          known,
          result.efficiency().attainableMfu().of(basis));
    }
    if (result.sensors() != null) {
      add("flopmeter_inference_energy_joules", result.sensors().energyJPerInference());
    }
    Memory memory = result.memory();
    if (memory != null) {
      memory("weights", memory.weights());
      memory("activations", memory.activations());
      memory("workspace", memory.workspace());
    }
    add("flopmeter_model_first_run_seconds", result.firstRunSeconds());
  }

  private void memory(String kind, long bytes) {
    add("flopmeter_model_memory_bytes", tags.and("kind", kind), (double) bytes);
  }

  private void honesty(PublishedResult shown) {
    add("flopmeter_measurement_noise_ratio", result.latency().relativeIqr());
    add("flopmeter_measurement_samples", (double) result.run().samples());
    add("flopmeter_measurement_valid", result.valid() ? 1.0 : 0.0);
    add("flopmeter_layer_sum_ratio", result.layerSumRatio());
    add("flopmeter_result_timestamp_seconds", result.run().startedAt().toEpochMilli() / 1e3);
    add("flopmeter_result_restored", shown.isRestored() ? 1.0 : 0.0);
    add("flopmeter_inference_latency_baseline_seconds", shown.baselineSeconds());
    add("flopmeter_inference_latency_regression_ratio", shown.regression());
  }

  private void layer(Layer layer) {
    Tags of = tags.and("layer", layer.name());
    double seconds = layer.time().median();
    add("flopmeter_layer_duration_seconds", of, seconds);
    add("flopmeter_layer_flop", of, (double) layer.cost().flops());
    Double peak = peak();
    if (peak != null && seconds > 0) {
      add("flopmeter_layer_flop_utilization_ratio", of, layer.cost().macFlops() / seconds / peak);
    }
    add("flopmeter_layer_roofline_efficiency_ratio", of, layer.rooflineEfficiency());
  }

  /** On the most trusted basis there is. */
  private @Nullable Double peak() {
    for (Basis basis : Basis.values()) {
      Roof roof = result.roofs().of(basis);
      Double peak = roof == null ? null : roof.flopsPerSecond();
      if (peak != null && peak > 0) {
        return peak;
      }
    }
    return null;
  }

  private void add(String metric, @Nullable Double value) {
    add(metric, tags, value);
  }

  private void add(String metric, Tags with, @Nullable Double value) {
    Row.add(rows, metric, with, value);
  }
}
