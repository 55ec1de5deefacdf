package dev.flopmeter.live;

import dev.flopmeter.count.Cost;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * The meters of a workload, named so that Prometheus sees the daemon's names. What was not measured
 * is absent: rates and latencies appear with the first call, utilisation where a peak is known.
 *
 * <p>Not thread-safe except for {@link #discarded}: the workload locks.
 */
final class Meters {
  private static final double[] QUANTILES = {0.5, 0.9, 0.99};

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
   * Registers what is known from the start. A registry that is bound already is left as it is.
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
      FunctionTimer timer =
          FunctionTimer.builder(
                  "flopmeter.inference.duration",
                  totals,
                  Totals::calls,
                  Totals::busySeconds,
                  TimeUnit.SECONDS)
              .description("Durations of calls; a call may contain several inferences.")
              .tags(like.getTags())
              .register(leaf.registry());
      binding.onClose(() -> leaf.registry().remove(timer));
    }
  }

  /** Registers what a first call makes known. */
  void started() {
    bindings.forEach(this::started);
  }

  private void started(Binding binding) {
    if (costs instanceof ShapeCosts) {
      model(binding);
    }
    rates(binding);
  }

  /** Takes every meter out of every registry. */
  void close() {
    bindings.forEach(Binding::close);
    bindings.clear();
  }

  private static boolean isPrometheus(MeterRegistry registry) {
    try {
      return registry instanceof PrometheusMeterRegistry;
    } catch (NoClassDefFoundError e) {
      return false; // a service need not have its library, and without it no registry can be one
    }
  }

  private void model(Binding binding) {
    ofModel(binding, "macs", "Multiply-accumulates of the counted shapes.", Cost::macs);
    ofModel(binding, "flop", "FLOPs of the counted shapes, all operators counted.", Cost::flops);
    ofModel(binding, "parameters", "Learned values.", Cost::params);
    ofModel(binding, "bytes", "Compulsory bytes of the counted shapes.", Cost::bytes);
    if (costs.shown().bytes() == 0) {
      return;
    }
    ofModel(
        binding,
        "arithmetic.intensity.flop.per.byte",
        "FLOPs per compulsory byte.",
        cost -> (double) cost.flops() / cost.bytes());
  }

  private void ofModel(
      Binding binding, String name, String description, ToDoubleFunction<Cost> value) {
    String whole = "flopmeter.model." + name;
    gauge(binding, whole, description, tags, () -> value.applyAsDouble(costs.shown()));
  }

  private static void gauge(
      Binding binding, String name, String description, Tags labels, Supplier<Number> value) {
    binding.owns(
        Gauge.builder(name, value)
            .description(description)
            .tags(labels)
            .register(binding.registry()));
  }

  /**
   * Micrometer takes a second workload as another handle of the first, and shows none of its calls.
   */
  private void counters(Binding binding) {
    if (!counter(binding, "flopmeter.inferences", "Inferences recorded.", Totals::inferences)) {
      throw new IllegalStateException(
          "the registry already publishes a workload '%s' of model '%s' with the labels of this one (%s); name one of the two with workload(...), or record both with one ModelEfficiency"
              .formatted(workload.name(), workload.model(), labels()));
    }
    counter(
        binding,
        "flopmeter.inference.flop",
        "Model FLOPs (2 per MAC) of the recorded inferences.",
        sums -> flops((double) sums.inferences(), sums.shapedFlops()));
    counter(
        binding,
        "flopmeter.model.busy.seconds",
        "Total time of the recorded calls.",
        Totals::busySeconds);
  }

  private String labels() {
    return tags.stream()
        .map(tag -> tag.getKey() + "=" + tag.getValue())
        .collect(Collectors.joining(", "));
  }

  private boolean counter(
      Binding binding, String name, String description, ToDoubleFunction<Totals> value) {
    return binding.owns(
        FunctionCounter.builder(name, totals, value)
            .description(description)
            .tags(tags)
            .register(binding.registry()));
  }

  private double flops(double inferences, double shaped) {
    return costs instanceof BatchCosts byBatch ? byBatch.flopsPerInference() * inferences : shaped;
  }

  /** Workloads on one device share these, so they stay when a workload is closed. */
  private void peaks(MeterRegistry registry) {
    for (DevicePeak known : workload.peaks()) {
      Tags ofDevice = Tags.of("device", workload.device(), "basis", known.basis());
      peak(
          registry,
          "flopmeter.device.peak.flop.per.second",
          "Dense peak of the device in this precision.",
          ofDevice.and("precision", workload.precision()),
          known.flopsPerSecond());
      Double bandwidth = known.bytesPerSecond();
      if (bandwidth != null) {
        peak(
            registry,
            "flopmeter.device.peak.memory.bytes.per.second",
            "Peak bandwidth of the device's memory.",
            ofDevice,
            bandwidth);
      }
    }
  }

  private static void peak(
      MeterRegistry registry, String name, String description, Tags labels, double value) {
    if (registry.find(name).tags(labels).gauge() == null) {
      Gauge.builder(name, () -> value).description(description).tags(labels).register(registry);
    }
  }

  private void rates(Binding binding) {
    rate(
        binding,
        "flopmeter.model.flop.per.second",
        "Model FLOPs per second while calls run, over the window.",
        tags,
        this::flopsPerSecond);
    for (DevicePeak peak : workload.peaks()) {
      rate(
          binding,
          "flopmeter.model.flop.utilization.ratio",
          "Achieved FLOP/s over the device's peak (MFU) while calls run, over the window.",
          tags.and("basis", peak.basis()),
          added -> flopsPerSecond(added) / peak.flopsPerSecond());
      Double bandwidth = peak.bytesPerSecond();
      if (bandwidth != null) {
        rate(
            binding,
            "flopmeter.model.memory.bandwidth.utilization.ratio",
            "Compulsory bytes per second over the peak bandwidth (MBU), over the window.",
            tags.and("basis", peak.basis()),
            added -> bytes(added) / seconds(added) / bandwidth);
      }
    }
    for (double quantile : QUANTILES) {
      binding.owns(
          Gauge.builder(
                  "flopmeter.inference.latency", window, read -> latency(read.read(), quantile))
              .description("Quantile of the calls' durations over the window, within 3.2 %.")
              .baseUnit("seconds")
              .tags(tags.and("quantile", Double.toString(quantile)))
              .strongReference(true)
              .register(binding.registry()));
    }
  }

  private void rate(
      Binding binding,
      String name,
      String description,
      Tags labels,
      ToDoubleFunction<Totals.Snapshot> value) {
    gauge(binding, name, description, labels, () -> value.applyAsDouble(window.read()));
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
    // Calls shorter than the clock's tick still took some time.
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
      Counter counter =
          Counter.builder("flopmeter.measurement.discarded")
              .description("Calls whose efficiency could not be recorded.")
              .tags(tags.and("reason", reason))
              .register(binding.registry());
      binding.owns(counter);
      counter.increment();
    }
  }
}
