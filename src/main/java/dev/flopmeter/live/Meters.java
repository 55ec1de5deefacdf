package dev.flopmeter.live;

import dev.flopmeter.count.Cost;
import dev.flopmeter.text.Csv;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * The meters of a workload, named so that Prometheus sees the daemon's names. Unmeasured figures
 * are absent: rates and latencies appear with the first call, utilisation if a peak is known.
 *
 * <p>Not thread-safe except for {@link #discarded}: the workload locks.
 */
final class Meters {
  private static final double[] QUANTILES = {0.5, 0.9, 0.99};

  /** Base unit, or nothing, and description of each meter by its name. */
  private static final Map<String, List<String>> TABLE = Csv.byWord(Meters.class, "meters.csv");

  private final Workload workload;
  private final CallCosts costs;
  private final Totals totals;
  private final SlidingWindow window;
  private final Tags tags;
  private final List<Binding> bindings = new CopyOnWriteArrayList<>();

  Meters(Workload workload, CallCosts costs, Totals totals) {
    this.workload = workload;
    this.costs = costs;
    this.totals = totals;
    this.window =
        new SlidingWindow(workload.window().toNanos(), workload.clock(), totals::snapshot);
    this.tags =
        Tags.of(
            "workload", workload.name(),
            "model", workload.model(),
            "device", workload.device(),
            "backend", workload.backend(),
            "precision", workload.precision(),
            "batch", costs.batchLabel(),
            "timing", workload.timing().label());
  }

  /**
   * Registers the meters that are known from the start. A bound registry stays unchanged.
   *
   * @param hasStarted whether a call was recorded, so that rates are known, too
   */
  void bindTo(MeterRegistry registry, boolean hasStarted) {
    if (bindings.stream().anyMatch(known -> known.registry() == registry)) {
      return;
    }
    Binding binding = new Binding(registry);
    List<Binding> leaves = binding.leaves();
    counters(binding);
    bindings.add(binding);
    if (costs instanceof BatchCosts) {
      model(binding);
    }
    peaks(registry);
    leaves.forEach(leaf -> durations(binding, leaf));
    if (hasStarted) {
      started(binding);
    }
  }

  /**
   * A histogram in a Prometheus registry; count and sum in others. The labels are those of a
   * counter that the registry has taken, since its filters may have changed them.
   */
  private void durations(Binding binding, Binding leaf) {
    Meter.Id like = leaf.firstNew(FunctionCounter.class);
    if (like == null) {
      return;
    }
    if (isPrometheus(leaf.registry())) {
      binding.onClose(PrometheusDurations.join(leaf.registry(), like, totals));
    } else {
      String name = "flopmeter.inference.duration";
      FunctionTimer timer =
          FunctionTimer.builder(name, totals, Totals::calls, Totals::busySeconds, TimeUnit.SECONDS)
              .description(description(name))
              .tags(like.getTags())
              .register(leaf.registry());
      binding.onClose(() -> leaf.registry().remove(timer));
    }
  }

  /** Registers the meters that a first call adds. */
  void started() {
    bindings.forEach(this::started);
  }

  private void started(Binding binding) {
    if (costs instanceof ShapeCosts) {
      model(binding);
    }
    rates(binding);
  }

  /** Removes every meter from every registry. */
  void close() {
    bindings.forEach(Binding::close);
    bindings.clear();
  }

  private static boolean isPrometheus(MeterRegistry registry) {
    try {
      return registry instanceof PrometheusMeterRegistry;
    } catch (NoClassDefFoundError e) {
      return false; // a service may lack its library, and then has no such registry
    }
  }

  private void model(Binding binding) {
    ofModel(binding, "macs", Cost::macs);
    ofModel(binding, "flop", Cost::flops);
    ofModel(binding, "parameters", Cost::params);
    ofModel(binding, "bytes", Cost::bytes);
    if (costs.shown().bytes() > 0) {
      String intensity = "arithmetic.intensity.flop.per.byte";
      ofModel(binding, intensity, cost -> (double) cost.flops() / cost.bytes());
    }
  }

  private void ofModel(Binding binding, String name, ToDoubleFunction<Cost> value) {
    gauge(binding, "flopmeter.model." + name, tags, () -> value.applyAsDouble(costs.shown()));
  }

  private static void gauge(Binding binding, String name, Tags labels, Supplier<Number> value) {
    binding.owns(gauge(binding.registry(), name, labels, value));
  }

  private static Gauge gauge(
      MeterRegistry registry, String name, Tags labels, Supplier<Number> value) {
    String unit = row(name).get(0);
    return Gauge.builder(name, value)
        .description(description(name))
        .baseUnit(unit.isEmpty() ? null : unit)
        .tags(labels)
        .register(registry);
  }

  static String description(String name) {
    return row(name).get(1);
  }

  private static List<String> row(String name) {
    return Objects.requireNonNull(TABLE.get(name), name);
  }

  /** Micrometer would treat a second workload as the first one, and show none of its calls. */
  private void counters(Binding binding) {
    if (!counter(binding, "flopmeter.inferences", Totals::inferences)) {
      throw new IllegalStateException(
          "the registry already publishes a workload '%s' of model '%s' with the labels of this one (%s); name one of the two with workload(...), or record both with one ModelEfficiency"
              .formatted(workload.name(), workload.model(), labels()));
    }
    counter(
        binding,
        "flopmeter.inference.flop",
        sums -> flops((double) sums.inferences(), sums.shapedFlops()));
    counter(binding, "flopmeter.model.busy.seconds", Totals::busySeconds);
  }

  private String labels() {
    return tags.stream()
        .map(tag -> tag.getKey() + "=" + tag.getValue())
        .collect(Collectors.joining(", "));
  }

  private boolean counter(Binding binding, String name, ToDoubleFunction<Totals> value) {
    return binding.owns(
        FunctionCounter.builder(name, totals, value)
            .description(description(name))
            .tags(tags)
            .register(binding.registry()));
  }

  private double flops(double inferences, double shaped) {
    return costs instanceof BatchCosts byBatch ? byBatch.flopsPerInference() * inferences : shaped;
  }

  /** Workloads on one device share these, so they remain when a workload is closed. */
  private void peaks(MeterRegistry registry) {
    for (DevicePeak known : workload.peaks()) {
      Tags ofDevice = Tags.of("device", workload.device(), "basis", known.basis());
      Tags ofPrecision = ofDevice.and("precision", workload.precision());
      peak(registry, "flop.per.second", ofPrecision, known.flopsPerSecond());
      Double bandwidth = known.bytesPerSecond();
      if (bandwidth != null) {
        peak(registry, "memory.bytes.per.second", ofDevice, bandwidth);
      }
    }
  }

  private static void peak(MeterRegistry registry, String of, Tags labels, double value) {
    String name = "flopmeter.device.peak." + of;
    if (registry.find(name).tags(labels).gauge() == null) {
      gauge(registry, name, labels, () -> value);
    }
  }

  private void rates(Binding binding) {
    rate(binding, "model.flop.per.second", tags, this::flopsPerSecond);
    for (DevicePeak peak : workload.peaks()) {
      Tags ofBasis = tags.and("basis", peak.basis());
      rate(
          binding,
          "model.flop.utilization.ratio",
          ofBasis,
          added -> flopsPerSecond(added) / peak.flopsPerSecond());
      Double bandwidth = peak.bytesPerSecond();
      if (bandwidth != null) {
        rate(
            binding,
            "model.memory.bandwidth.utilization.ratio",
            ofBasis,
            added -> bytes(added) / seconds(added) / bandwidth);
      }
    }
    for (double quantile : QUANTILES) {
      Tags ofQuantile = tags.and("quantile", Double.toString(quantile));
      rate(binding, "inference.latency", ofQuantile, added -> latency(added, quantile));
    }
  }

  /** A gauge of what was added in the window. */
  private void rate(
      Binding binding, String name, Tags labels, ToDoubleFunction<Totals.Snapshot> value) {
    gauge(binding, "flopmeter." + name, labels, () -> value.applyAsDouble(window.read()));
  }

  private double flopsPerSecond(Totals.Snapshot added) {
    return flops((double) added.inferences(), added.shapedFlops()) / seconds(added);
  }

  private double bytes(Totals.Snapshot added) {
    return costs instanceof BatchCosts byBatch
        ? byBatch.bytesPerCall() * added.calls() + byBatch.bytesPerInference() * added.inferences()
        : added.shapedBytes();
  }

  private static double seconds(Totals.Snapshot added) {
    // Calls shorter than the clock's resolution still took some time.
    return Math.max(1, added.busyNanos()) * 1e-9;
  }

  private static double latency(Totals.Snapshot added, double quantile) {
    long rank = (long) Math.ceil(quantile * added.calls());
    long seen = 0;
    for (int i = 0; i < added.durations().length; i++) {
      seen += added.durations()[i];
      if (seen >= rank && seen > 0) {
        return DurationBuckets.middle(i);
      }
    }
    return Double.NaN;
  }

  void discarded(String reason) {
    for (Binding binding : bindings) {
      String name = "flopmeter.measurement.discarded";
      Counter counter =
          Counter.builder(name)
              .description(description(name))
              .tags(tags.and("reason", reason))
              .register(binding.registry());
      binding.owns(counter);
      counter.increment();
    }
  }
}
