package dev.flopmeter.serve.metrics;

import dev.flopmeter.result.Basis;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Latency;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.serve.result.SeriesKey;
import dev.flopmeter.serve.result.TopLayers;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
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

  /** Values of the labels that every metric of a result begins with, then others. */
  static String[] labelValues(SeriesKey key, String... more) {
    Stream<String> own =
        Stream.of(key.workload(), key.model(), key.device(), key.backend(), key.precision());
    return Stream.of(own, Stream.of(Long.toString(key.batch())), Stream.of(more))
        .flatMap(values -> values)
        .toArray(String[]::new);
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

  static List<Row> of(PublishedResult shown) {
    ResultRows all = new ResultRows(shown);
    all.measured();
    all.latency();
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

  private void latency() {
    Latency latency = result.latency();
    quantile("0.25", latency.q1());
    quantile("0.5", latency.median());
    quantile("0.75", latency.q3());
    quantile("0.9", latency.p90());
    quantile("0.95", latency.p95());
    quantile("0.99", latency.p99());
  }

  private void quantile(String share, @Nullable Double seconds) {
    add("flopmeter_inference_latency_seconds", tags.and(OwnedPoints.QUANTILE, share), seconds);
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
    Tags what = of.and("op", layer.op(), "bound", bound(layer));
    KernelInfo kernel = layer.kernel();
    String layout = Objects.requireNonNullElse(kernel.layout(), "");
    add("flopmeter_layer_info", what.and("algorithm", kernel.algorithm(), "layout", layout), 1.0);
  }

  private static String bound(Layer layer) {
    return layer.name().equals(TopLayers.OTHER)
        ? TopLayers.OTHER
        : layer.bound() == null ? "" : layer.bound().label();
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
