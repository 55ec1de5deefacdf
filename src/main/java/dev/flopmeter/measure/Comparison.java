package dev.flopmeter.measure;

import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Latency;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.result.ProfileResult.Time;
import dev.flopmeter.result.ProfileResult.Totals;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A comparison of two profiles of one case.
 *
 * @param threshold the smallest change that counts, as a share
 */
public record Comparison(ProfileResult base, ProfileResult next, double threshold) {
  /**
   * A comparison of two times.
   *
   * @param baseSeconds median; null for an added layer
   * @param nextSeconds median; null for a removed layer
   */
  public record Row(
      String name, Change change, @Nullable Double baseSeconds, @Nullable Double nextSeconds) {
    /** The new median over the base's, minus 1; null if one is missing. */
    public @Nullable Double relative() {
      return baseSeconds == null || nextSeconds == null || baseSeconds == 0
          ? null
          : nextSeconds / baseSeconds - 1;
    }
  }

  /** An exact amount, known for both. */
  public record Amount(String name, long base, long next) {
    /** The new amount over the base's, minus 1; null if the base's is 0. */
    public @Nullable Double relative() {
      return base == 0 ? null : (double) next / base - 1;
    }
  }

  /** Why the two are not comparable, one reason each; empty if they are. */
  public List<String> differences() {
    Map<String, Object> before = identity(base);
    Map<String, Object> after = identity(next);
    List<String> differences = new ArrayList<>();
    before.forEach(
        (field, value) -> {
          if (!value.equals(after.get(field))) {
            differences.add(
                field + " is " + value + " in BASE and " + after.get(field) + " in NEW");
          }
        });
    base.whyInvalid().ifPresent(reason -> differences.add("BASE is not valid: " + reason));
    next.whyInvalid().ifPresent(reason -> differences.add("NEW is not valid: " + reason));
    return differences;
  }

  /** Settings that must be equal for times to be comparable. */
  private static Map<String, Object> identity(ProfileResult result) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("model.name", result.model().name());
    fields.put("model.inputs", inputs(result));
    fields.put("device.kind", result.device().kind().label());
    fields.put("device.name", result.device().name());
    fields.put("device.emulated", result.device().isEmulated());
    fields.put("run.backend", result.run().backend());
    fields.put("run.precision", result.run().precision().label());
    fields.put("run.batch", result.run().batch());
    Long asRun = result.cost().asRunMacs();
    fields.put("cost.as_run_macs, the work that depends on data,", asRun == null ? "none" : asRun);
    return fields;
  }

  private static String inputs(ProfileResult result) {
    return result.model().inputs().stream()
        .map(input -> input.name() + " " + input.type())
        .collect(Collectors.joining(", "));
  }

  /** The whole pass. */
  public Row total() {
    Latency before = base.latency();
    Latency after = next.latency();
    // A single sample, such as an average in a trace, has no interval that could confirm a change.
    boolean isKnown = Math.min(base.run().samples(), next.run().samples()) > 1;
    Change change = Change.of(before.min(), before.q3(), after.min(), after.q3(), threshold);
    return new Row(
        "end to end",
        isKnown || change == Change.SAME ? change : Change.AMBIGUOUS,
        before.median(),
        after.median());
  }

  /** The layers matched by name, in the base's order, then those that only the new one has. */
  public List<Row> layers() {
    Map<String, Time> after = new LinkedHashMap<>();
    next.layers().forEach(layer -> after.putIfAbsent(layer.name(), layer.time()));
    List<Row> rows = new ArrayList<>();
    for (Layer layer : base.layers()) {
      Time old = layer.time();
      Time now = after.remove(layer.name());
      rows.add(
          now == null
              ? new Row(layer.name(), Change.REMOVED, old.median(), null)
              : new Row(
                  layer.name(),
                  Change.of(old.min(), old.q3(), now.min(), now.q3(), threshold),
                  old.median(),
                  now.median()));
    }
    after.forEach((name, time) -> rows.add(new Row(name, Change.ADDED, null, time.median())));
    return rows;
  }

  public List<Amount> changedAmounts() {
    return amounts().stream().filter(amount -> amount.base != amount.next).toList();
  }

  /** Work and memory of both. */
  public List<Amount> amounts() {
    Totals before = base.cost();
    Totals after = next.cost();
    List<Amount> amounts = new ArrayList<>();
    amounts.add(new Amount("macs", before.macs(), after.macs()));
    amounts.add(new Amount("flops", before.flops(), after.flops()));
    amounts.add(new Amount("params", before.params(), after.params()));
    amounts.add(new Amount("bytes", before.bytes(), after.bytes()));
    amounts.add(
        new Amount(
            "peak_activation_bytes", before.peakActivationBytes(), after.peakActivationBytes()));
    Memory old = base.memory();
    Memory now = next.memory();
    if (old != null && now != null) {
      amounts.add(new Amount("memory.weights", old.weights(), now.weights()));
      amounts.add(new Amount("memory.activations", old.activations(), now.activations()));
      amounts.add(new Amount("memory.workspace", old.workspace(), now.workspace()));
    }
    return amounts;
  }
}
