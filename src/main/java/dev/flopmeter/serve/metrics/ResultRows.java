package dev.flopmeter.serve.metrics;

import dev.flopmeter.result.Basis;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.serve.result.SeriesKey;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
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

  static List<Row> of(PublishedResult shown) {
    ResultRows all = new ResultRows(shown);
    all.measured();
    all.honesty(shown);
    all.result.layers().forEach(all::layer);
    return all.rows;
  }

  private void measured() {
    add(Catalogue.MACS, (double) result.cost().macs());
    add(Catalogue.FLOP, (double) result.cost().flops());
    add(Catalogue.PARAMETERS, (double) result.cost().params());
    add(Catalogue.BYTES, (double) result.cost().bytes());
    add(Catalogue.INTENSITY, result.efficiency().intensity());
    add(Catalogue.RATE, result.throughput().achievedFlopsPerSecond());
    add(Catalogue.THROUGHPUT, result.throughput().inferencesPerSecond());
    for (Basis basis : Basis.values()) {
      Tags known = tags.and("basis", basis.label());
      add(Catalogue.MFU, known, result.efficiency().mfu().of(basis));
      add(Catalogue.MBU, known, result.efficiency().mbu().of(basis));
    }
    if (result.sensors() != null) {
      add(Catalogue.ENERGY, result.sensors().energyJPerInference());
    }
    Memory memory = result.memory();
    if (memory != null) {
      add(Catalogue.MEMORY, tags.and("kind", "weights"), (double) memory.weights());
      add(Catalogue.MEMORY, tags.and("kind", "activations"), (double) memory.activations());
      add(Catalogue.MEMORY, tags.and("kind", "workspace"), (double) memory.workspace());
    }
    add(Catalogue.FIRST_RUN, result.firstRunSeconds());
  }

  private void honesty(PublishedResult shown) {
    add(Catalogue.NOISE, result.latency().relativeIqr());
    add(Catalogue.SAMPLES, (double) result.run().samples());
    add(Catalogue.VALID, result.valid() ? 1.0 : 0.0);
    add(Catalogue.LAYER_SUM, result.layerSumRatio());
    add(Catalogue.RESULT_TIME, result.run().startedAt().toEpochMilli() / 1e3);
    add(Catalogue.RESTORED, shown.isRestored() ? 1.0 : 0.0);
    add(Catalogue.BASELINE, shown.baselineSeconds());
    add(Catalogue.REGRESSION, shown.regression());
  }

  private void layer(Layer layer) {
    Tags of = tags.and("layer", layer.name());
    double seconds = layer.time().median();
    add(Catalogue.LAYER_DURATION, of, seconds);
    add(Catalogue.LAYER_FLOP, of, (double) layer.cost().flops());
    Double peak = peak();
    if (peak != null && seconds > 0) {
      add(Catalogue.LAYER_MFU, of, layer.cost().macFlops() / seconds / peak);
    }
    add(Catalogue.LAYER_ROOFLINE, of, layer.rooflineEfficiency());
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

  private void add(Metric metric, @Nullable Double value) {
    add(metric, tags, value);
  }

  private void add(Metric metric, Tags with, @Nullable Double value) {
    if (value != null && Double.isFinite(value)) {
      rows.add(new Row(metric, with, value));
    }
  }
}
