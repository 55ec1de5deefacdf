package dev.flopmeter.serve.metrics;

import dev.flopmeter.result.Basis;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.result.SeriesKey;
import dev.flopmeter.serve.result.TopLayers;
import dev.flopmeter.text.Csv;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A result as rows of gauges. What was not measured has no row. */
final class ResultRows {
  /** By part of a result: its metrics, a label with its value, and the field of the JSON. */
  private static final Map<String, List<List<String>>> FIELDS =
      Csv.rows(ResultRows.class, "fields.csv").stream()
          .collect(Collectors.groupingBy(row -> row.get(0)));

  private final ProfileResult result;
  private final Labels labels;
  private final List<Row> rows;

  private ResultRows(PublishedResult shown) {
    this.result = shown.result().profile();
    this.labels = labels(shown.result().key());
    this.rows = fields("result", labels, result);
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

  private static List<Row> of(PublishedResult shown) {
    ResultRows all = new ResultRows(shown);
    all.rest(shown);
    all.result.layers().forEach(all::layer);
    return all.rows;
  }

  /** The metrics whose values are fields of a part of a result. */
  static List<Row> fields(String part, Labels labels, Object value) {
    List<Row> rows = new ArrayList<>();
    JsonNode json = ProfileJson.tree(value);
    for (List<String> row : Objects.requireNonNull(FIELDS.get(part), part)) {
      Labels all = row.get(2).isEmpty() ? labels : labels.add(row.get(2), row.get(3));
      JsonNode field = json.at(row.get(4));
      Row.add(rows, row.get(1), all, field.isNumber() ? field.numberValue() : null);
    }
    return rows;
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

  private void rest(PublishedResult shown) {
    add("flopmeter_model_bytes", result.cost().bytes());
    add("flopmeter_measurement_valid", result.valid() ? 1 : 0);
    add("flopmeter_result_timestamp_seconds", result.run().startedAt().toEpochMilli() / 1e3);
    add("flopmeter_result_restored", shown.isRestored() ? 1 : 0);
    add("flopmeter_inference_latency_baseline_seconds", shown.baselineSeconds());
    add("flopmeter_inference_latency_regression_ratio", shown.regression());
  }

  private void layer(Layer layer) {
    Labels of = labels.add("layer", layer.name());
    rows.addAll(fields("layer", of, layer));
    double seconds = layer.time().median();
    Double peak = peak();
    if (peak != null && seconds > 0) {
      add("flopmeter_layer_flop_utilization_ratio", of, layer.cost().macFlops() / seconds / peak);
    }
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
