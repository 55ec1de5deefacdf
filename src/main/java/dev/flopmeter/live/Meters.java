package dev.flopmeter.live;

import dev.flopmeter.count.Cost;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/**
 * The meters of a workload, named so that Prometheus sees the daemon's names. What nothing was
 * measured for is not there: rates and latencies appear with the first call, utilisation where a
 * peak is known.
 */
final class Meters {
  private static final double[] QUANTILES = {0.5, 0.9, 0.99};

  private final Workload workload;
  private final CallCosts costs;
  private final Totals totals;
  private final SlidingWindow window;
  private final Tags tags;
  private final List<MeterRegistry> waiting = new ArrayList<>();
  private final List<MeterRegistry> bound = new CopyOnWriteArrayList<>();

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

  /** Registers what is known from the start. */
  void bindTo(MeterRegistry registry) {
    bound.add(registry);
    waiting.add(registry);
    if (costs instanceof BatchCosts) {
      model(registry);
    }
    counters(registry);
    peaks(registry);
    durations(registry, tags);
  }

  /**
   * A histogram in Prometheus' registries, also within a composite; count and sum in others.
   *
   * @param labels as the filters of the registries around this one left them
   */
  private void durations(MeterRegistry registry, Iterable<Tag> labels) {
    if (registry instanceof CompositeMeterRegistry composite) {
      Meter.Id filtered = inferences(composite, labels).getId();
      composite.getRegistries().forEach(child -> durations(child, filtered.getTags()));
    } else if (isPrometheus(registry)) {
      PrometheusDurations.join(registry, inferences(registry, labels).getId(), totals);
    } else {
      FunctionTimer.builder(
              "flopmeter.inference.duration",
              totals,
              Totals::calls,
              Totals::busySeconds,
              TimeUnit.SECONDS)
          .description("How long calls took; a call may hold several inferences.")
          .tags(labels)
          .register(registry);
    }
  }

  /** Registers what a first call makes known. Called, as is bindTo, under the workload's lock. */
  void started() {
    List<MeterRegistry> fresh = List.copyOf(waiting);
    waiting.clear();
    for (MeterRegistry registry : fresh) {
      if (costs instanceof ShapeCosts) {
        model(registry);
      }
      rates(registry);
    }
  }

  private static boolean isPrometheus(MeterRegistry registry) {
    try {
      return registry instanceof PrometheusMeterRegistry;
    } catch (NoClassDefFoundError e) {
      return false; // a service need not have its library, and without it no registry can be one
    }
  }

  private void model(MeterRegistry registry) {
    ofModel(registry, "macs", "Multiply-accumulates of the counted shapes.", Cost::macs);
    ofModel(registry, "flop", "FLOPs of the counted shapes, all operators counted.", Cost::flops);
    ofModel(registry, "parameters", "Learned values.", Cost::params);
    ofModel(registry, "bytes", "Compulsory bytes of the counted shapes.", Cost::bytes);
    if (costs.shown().bytes() == 0) {
      return;
    }
    ofModel(
        registry,
        "arithmetic.intensity.flop.per.byte",
        "FLOPs for each compulsory byte.",
        cost -> (double) cost.flops() / cost.bytes());
  }

  private void ofModel(
      MeterRegistry registry, String name, String description, ToDoubleFunction<Cost> value) {
    Gauge.builder("flopmeter.model." + name, costs, known -> value.applyAsDouble(known.shown()))
        .description(description)
        .tags(tags)
        .strongReference(true)
        .register(registry);
  }

  private void counters(MeterRegistry registry) {
    inferences(registry, tags);
    counter(
        registry,
        "flopmeter.inference.flop",
        "Model FLOPs (2 for each MAC) of the inferences recorded.",
        this::flops);
    counter(
        registry,
        "flopmeter.model.busy.seconds",
        "Time that the calls recorded took, summed.",
        Totals::busySeconds);
  }

  /**
   * Micrometer answers the one that is there, or one that does nothing where a filter denies it.
   */
  private FunctionCounter inferences(MeterRegistry registry, Iterable<Tag> labels) {
    return FunctionCounter.builder("flopmeter.inferences", totals, Totals::inferences)
        .description("Inferences recorded.")
        .tags(labels)
        .register(registry);
  }

  private void counter(
      MeterRegistry registry, String name, String description, ToDoubleFunction<Totals> value) {
    FunctionCounter.builder(name, totals, value)
        .description(description)
        .tags(tags)
        .register(registry);
  }

  private double flops(Totals sums) {
    return costs instanceof BatchCosts byBatch
        ? byBatch.flopsPerInference() * sums.inferences()
        : sums.shapedFlops();
  }

  private void peaks(MeterRegistry registry) {
    for (DevicePeak peak : workload.peaks()) {
      Tags ofDevice = Tags.of("device", workload.device(), "basis", peak.basis());
      Gauge.builder("flopmeter.device.peak.flop.per.second", peak, DevicePeak::flopsPerSecond)
          .description("Dense peak of the device in this precision.")
          .tags(ofDevice.and("precision", workload.precision()))
          .strongReference(true)
          .register(registry);
      Double bandwidth = peak.bytesPerSecond();
      if (bandwidth != null) {
        Gauge.builder("flopmeter.device.peak.memory.bytes.per.second", peak, ignored -> bandwidth)
            .description("Peak bandwidth of the device's memory.")
            .tags(ofDevice)
            .strongReference(true)
            .register(registry);
      }
    }
  }

  private void rates(MeterRegistry registry) {
    rate(
        registry,
        "flopmeter.model.flop.per.second",
        "Model FLOPs a second while calls run, over the window.",
        tags,
        this::flopsPerSecond);
    for (DevicePeak peak : workload.peaks()) {
      rate(
          registry,
          "flopmeter.model.flop.utilization.ratio",
          "Achieved FLOP/s over the device's peak (MFU) while calls run, over the window.",
          tags.and("basis", peak.basis()),
          added -> flopsPerSecond(added) / peak.flopsPerSecond());
      Double bandwidth = peak.bytesPerSecond();
      if (bandwidth != null) {
        rate(
            registry,
            "flopmeter.model.memory.bandwidth.utilization.ratio",
            "Compulsory bytes a second over the peak bandwidth (MBU), over the window.",
            tags.and("basis", peak.basis()),
            added -> bytes(added) / seconds(added) / bandwidth);
      }
    }
    for (double quantile : QUANTILES) {
      Gauge.builder("flopmeter.inference.latency", window, read -> latency(read.read(), quantile))
          .description("Quantile of the calls' durations over the window, within 3.2 %.")
          .baseUnit("seconds")
          .tags(tags.and("quantile", Double.toString(quantile)))
          .strongReference(true)
          .register(registry);
    }
  }

  private void rate(
      MeterRegistry registry,
      String name,
      String description,
      Tags labels,
      ToDoubleFunction<Totals.Snapshot> value) {
    Gauge.builder(name, window, read -> value.applyAsDouble(read.read()))
        .description(description)
        .tags(labels)
        .strongReference(true)
        .register(registry);
  }

  private double flopsPerSecond(Totals.Snapshot added) {
    double flops =
        costs instanceof BatchCosts byBatch
            ? byBatch.flopsPerInference() * added.inferences()
            : added.shapedFlops();
    return flops / seconds(added);
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
        return Durations.middle(i);
      }
    }
    return Double.NaN;
  }

  void discarded(String reason) {
    for (MeterRegistry registry : bound) {
      Counter.builder("flopmeter.measurement.discarded")
          .description("Calls whose efficiency could not be recorded.")
          .tags(tags.and("reason", reason))
          .register(registry)
          .increment();
    }
  }
}
