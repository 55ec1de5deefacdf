package dev.flopmeter.serve.result;

import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A worker's result as the daemon keeps it: enough for metrics and for comparing. The whole JSON
 * stays beside it, packed.
 *
 * @param startedAt when the measurement began, by the worker's clock
 * @param values every number of the JSON outside its layers by its path, such as {@code
 *     latency.median}; true is 1 and false is 0
 * @param texts every text outside its layers by its path, such as {@code device.name}
 * @param throttleReasons empty where nothing throttled or nothing was read
 * @param rawSeconds times of single passes; empty where the worker gave none
 * @param layers in order of execution
 */
public record Result(
    SeriesKey key,
    Instant startedAt,
    Map<String, Double> values,
    Map<String, String> texts,
    List<String> throttleReasons,
    List<String> warnings,
    List<Double> rawSeconds,
    List<LayerRow> layers) {

  public Result {
    values = Collections.unmodifiableMap(new TreeMap<>(values));
    texts = Collections.unmodifiableMap(new TreeMap<>(texts));
    throttleReasons = List.copyOf(throttleReasons);
    warnings = List.copyOf(warnings);
    rawSeconds = List.copyOf(rawSeconds);
    layers = List.copyOf(layers);
  }

  /** The number at a path; null where it is not there. */
  public @Nullable Double value(String path) {
    return values.get(path);
  }

  /** The text at a path; null where it is not there. */
  public @Nullable String text(String path) {
    return texts.get(path);
  }

  /** Median seconds of one pass over the batch. */
  public double median() {
    return values.getOrDefault("latency.median", Double.NaN);
  }

  /** Whether its figures may be believed. */
  public boolean isValid() {
    return values.getOrDefault("valid", 0.0) == 1;
  }

  /** Without what only one publishing needs. */
  public Result withoutRaw() {
    return rawSeconds.isEmpty()
        ? this
        : new Result(key, startedAt, values, texts, throttleReasons, warnings, List.of(), layers);
  }

  /** With the slowest {@code most} layers and one {@code other} for the rest. */
  public Result withTopLayers(int most) {
    return new Result(
        key,
        startedAt,
        values,
        texts,
        throttleReasons,
        warnings,
        rawSeconds,
        TopLayers.of(layers, most));
  }
}
