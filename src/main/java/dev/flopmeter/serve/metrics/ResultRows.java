package dev.flopmeter.serve.metrics;

import dev.flopmeter.serve.result.LayerRow;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.result.SeriesKey;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A result as rows of gauges. What it does not hold gives no row. */
final class ResultRows {
  /** Ways to know a roof, the most trusted first for a layer's single figure. */
  static final List<String> BASES = List.of("datasheet", "measured", "clock_adjusted");

  private final Result result;
  private final Tags tags;
  private final List<Row> rows = new ArrayList<>();

  private ResultRows(Result result) {
    this.result = result;
    this.tags = tags(result.key());
  }

  static Tags tags(SeriesKey key) {
    return Tags.of(
        "workload", key.workload(),
        "model", key.model(),
        "device", key.device(),
        "backend", key.backend(),
        "precision", key.precision(),
        "batch", Long.toString(key.batch()));
  }

  static String[] labelValues(SeriesKey key) {
    return new String[] {
      key.workload(),
      key.model(),
      key.device(),
      key.backend(),
      key.precision(),
      Long.toString(key.batch())
    };
  }

  static List<Row> of(Shown shown) {
    ResultRows all = new ResultRows(shown.result());
    all.measured();
    all.honesty(shown);
    shown.result().layers().forEach(all::layer);
    return all.rows;
  }

  private void measured() {
    add(Catalogue.MACS, "cost.macs");
    add(Catalogue.FLOP, "cost.flops");
    add(Catalogue.PARAMETERS, "cost.params");
    Double read = result.value("cost.bytes_read");
    Double written = result.value("cost.bytes_written");
    if (read != null && written != null) {
      add(Catalogue.BYTES, tags, read + written);
    }
    add(Catalogue.INTENSITY, "efficiency.intensity");
    add(Catalogue.RATE, "throughput.achieved_flops_per_second");
    add(Catalogue.THROUGHPUT, "throughput.inferences_per_second");
    for (String basis : BASES) {
      add(Catalogue.MFU, tags.and("basis", basis), result.value("efficiency.mfu." + basis));
      add(Catalogue.MBU, tags.and("basis", basis), result.value("efficiency.mbu." + basis));
    }
    add(Catalogue.ENERGY, "sensors.energy_j_per_inference");
    for (String kind : List.of("weights", "activations", "workspace")) {
      add(Catalogue.MEMORY, tags.and("kind", kind), result.value("memory." + kind));
    }
    add(Catalogue.FIRST_RUN, "first_run_seconds");
  }

  private void honesty(Shown shown) {
    add(Catalogue.NOISE, "latency.relative_iqr");
    add(Catalogue.SAMPLES, "run.samples");
    add(Catalogue.VALID, tags, result.isValid() ? 1.0 : 0.0);
    add(Catalogue.LAYER_SUM, "layer_sum_ratio");
    add(Catalogue.RESULT_TIME, tags, result.startedAt().toEpochMilli() / 1e3);
    add(Catalogue.RESTORED, tags, shown.isRestored() ? 1.0 : 0.0);
    add(Catalogue.BASELINE, tags, shown.baselineSeconds());
    add(Catalogue.REGRESSION, tags, shown.regression());
  }

  private void layer(LayerRow layer) {
    Tags of = tags.and("layer", layer.name());
    add(Catalogue.LAYER_DURATION, of, layer.seconds());
    add(Catalogue.LAYER_FLOP, of, layer.flop());
    Double peak = peak();
    if (peak != null && layer.seconds() > 0) {
      add(Catalogue.LAYER_MFU, of, 2 * layer.macs() / layer.seconds() / peak);
    }
    add(Catalogue.LAYER_ROOFLINE, of, layer.rooflineEfficiency());
  }

  private @Nullable Double peak() {
    for (String basis : BASES) {
      Double peak = result.value("roofs." + basis + ".flops_per_second");
      if (peak != null && peak > 0) {
        return peak;
      }
    }
    return null;
  }

  private void add(Metric metric, String path) {
    add(metric, tags, result.value(path));
  }

  private void add(Metric metric, Tags with, @Nullable Double value) {
    if (value != null) {
      rows.add(new Row(metric, with, value));
    }
  }
}
