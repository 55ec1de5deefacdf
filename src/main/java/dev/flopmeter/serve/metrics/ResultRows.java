package dev.flopmeter.serve.metrics;

import dev.flopmeter.result.Basis;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Efficiency;
import dev.flopmeter.result.ProfileResult.Latency;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.result.SeriesKey;
import dev.flopmeter.serve.result.TopLayers;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A result as rows of gauges. What was not measured has no row. */
final class ResultRows {
  private final ProfileResult result;
  private final Labels labels;
  private final List<Row> rows = new ArrayList<>();

  private ResultRows(PublishedResult shown) {
    this.result = shown.result().profile();
    this.labels = labels(shown.result().key());
  }

  /** Values of the labels that every metric of a result begins with. */
  static String[] labelValues(SeriesKey key) {
    String batch = Long.toString(key.batch());
    return new String[] {
      key.workload(), key.model(), key.device(), key.backend(), key.precision(), batch
    };
  }

  static Labels labels(SeriesKey key) {
    return Labels.of(Metric.RESULT.toArray(String[]::new), labelValues(key));
  }

  /** Puts a result and what it contains about its device in place of the one before it. */
  static void show(SeriesTable series, PublishedResult shown) {
    Result result = shown.result();
    String device = result.key().device();
    series.replace(result.key(), of(shown));
    series.replace(List.of("sensors", device), DeviceRows.sensors(result));
    series.replace(List.of("peak", device, result.key().precision()), DeviceRows.peakFlops(result));
    series.replace(List.of("peak", device, ""), DeviceRows.peakBytes(result));
    series.replace(List.of("info", device), List.of(DeviceRows.info(result)));
  }

  private static List<Row> of(PublishedResult shown) {
    ResultRows all = new ResultRows(shown);
    all.measured();
    all.latency();
    all.honesty(shown);
    all.result.layers().forEach(all::layer);
    return all.rows;
  }

  private void measured() {
    add("flopmeter_model_macs", result.cost().macs());
    add("flopmeter_model_flop", result.cost().flops());
    add("flopmeter_model_parameters", result.cost().params());
    add("flopmeter_model_bytes", result.cost().bytes());
    add("flopmeter_model_arithmetic_intensity_flop_per_byte", result.efficiency().intensity());
    add("flopmeter_model_flop_per_second", result.throughput().achievedFlopsPerSecond());
    add("flopmeter_inferences_per_second", result.throughput().inferencesPerSecond());
    Efficiency efficiency = result.efficiency();
    for (Basis basis : Basis.values()) {
      Labels of = labels.add("basis", basis.label());
      add("flopmeter_model_flop_utilization_ratio", of, efficiency.mfu().of(basis));
      String bandwidth = "flopmeter_model_memory_bandwidth_utilization_ratio";
      add(bandwidth, of, efficiency.mbu().of(basis));
      String attainable = "flopmeter_model_flop_utilization_attainable_ratio";
      add(attainable, of, efficiency.attainableMfu().of(basis));
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
    add("flopmeter_inference_latency_seconds", labels.add(Snapshots.QUANTILE, share), seconds);
  }

  private void memory(String kind, long bytes) {
    add("flopmeter_model_memory_bytes", labels.add("kind", kind), bytes);
  }

  private void honesty(PublishedResult shown) {
    add("flopmeter_measurement_noise_ratio", result.latency().relativeIqr());
    add("flopmeter_measurement_samples", result.run().samples());
    add("flopmeter_measurement_valid", result.valid() ? 1 : 0);
    add("flopmeter_layer_sum_ratio", result.layerSumRatio());
    add("flopmeter_result_timestamp_seconds", result.run().startedAt().toEpochMilli() / 1e3);
    add("flopmeter_result_restored", shown.isRestored() ? 1 : 0);
    add("flopmeter_inference_latency_baseline_seconds", shown.baselineSeconds());
    add("flopmeter_inference_latency_regression_ratio", shown.regression());
  }

  private void layer(Layer layer) {
    Labels of = labels.add("layer", layer.name());
    double seconds = layer.time().median();
    add("flopmeter_layer_duration_seconds", of, seconds);
    add("flopmeter_layer_flop", of, layer.cost().flops());
    Double peak = peak();
    if (peak != null && seconds > 0) {
      add("flopmeter_layer_flop_utilization_ratio", of, layer.cost().macFlops() / seconds / peak);
    }
    add("flopmeter_layer_roofline_efficiency_ratio", of, layer.rooflineEfficiency());
    KernelInfo kernel = layer.kernel();
    Labels what =
        Labels.of(
            "op", layer.op(),
            "bound", bound(layer),
            "algorithm", kernel.algorithm(),
            "layout", Objects.requireNonNullElse(kernel.layout(), ""));
    add("flopmeter_layer_info", of.merge(what), 1);
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

  private void add(String metric, @Nullable Number value) {
    add(metric, labels, value);
  }

  private void add(String metric, Labels with, @Nullable Number value) {
    Row.add(rows, metric, with, value);
  }
}
