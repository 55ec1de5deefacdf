package dev.flopmeter.measure;

import dev.flopmeter.device.CpuCache;
import dev.flopmeter.device.Device;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.device.MemoryLevel;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.quantize.SyntheticQuantization;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.UnsupportedPrecisionException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Measures the peak rates that a device reaches through a backend: of matrix products and
 * convolutions per precision, of moving memory at each level, and the cost of an empty step. A roof
 * is a best case, so the fastest pass counts, not the median.
 *
 * @param sweep measures the caches of a processor
 */
public record RoofProber(
    Backend backend,
    LongSupplier nanoClock,
    Clock clock,
    Function<Progress, List<MemoryLevel>> sweep) {
  /** The fewest passes of each work, and their shortest total time. */
  private static final int PASSES = 5;

  private static final double SECONDS = 0.3;

  /** A best pass counts once another is as fast, which takes longer on a busy machine. */
  private static final double CONFIRMED = 1.02;

  private static final double BUSY_SECONDS = 2;
  private static final int LAUNCH_PASSES = 100;

  /** Work sizes increase until one pass takes this long. */
  private static final double SLOW_PASS = 0.5;

  /**
   * A prober for a backend's device. The caches of a processor are measured with this JVM's own
   * loops, because a backend's launches would dominate.
   */
  public RoofProber(Backend backend, LongSupplier nanoClock, Clock clock) {
    this(
        backend,
        nanoClock,
        clock,
        progress ->
            new CacheSweep(
                    CpuCache.here(),
                    Runtime.getRuntime().availableProcessors(),
                    new ArrayProbe(nanoClock))
                .levels(progress));
  }

  /**
   * Measures the roofs of these precisions, and of memory and launches.
   *
   * @throws dev.flopmeter.run.BackendException if the device fails
   */
  public MeasuredRoofs measure(List<Precision> precisions, Progress progress) {
    Map<String, Double> rates = new TreeMap<>();
    Map<String, String> found = new TreeMap<>();
    int parts = precisions.size() + 3;
    for (int i = 0; i < precisions.size(); i++) {
      String precision = precisions.get(i).label();
      double before = (double) i / parts;
      bestRate(
              precisions.get(i),
              work -> progress.report("roof", before, precision + " " + work.name()))
          .ifPresent(
              best -> {
                rates.put(precision, best.getValue());
                found.put(precision, best.getKey());
              });
    }
    Map<String, Double> memory =
        rates(
            ProbeWork.memory(backend.device()),
            Precision.FP32,
            work -> progress.report("roof", (parts - 3.0) / parts, work.name()));
    List<MemoryLevel> levels =
        levels(
            memory,
            (phase, done, detail) -> progress.report(phase, (parts - 2.0 + done) / parts, detail));
    MemoryLevel last = levels.isEmpty() ? null : levels.get(levels.size() - 1);
    if (last != null) {
      best(last.bytesPerSecond()).ifPresent(best -> found.put("memory", best.getKey()));
    }
    progress.report("roof", (parts - 1.0) / parts, "launch");
    Double launch = launchSeconds();
    progress.report("roof", 1, "done");
    Double bytesPerSecond = last == null ? null : last.best();
    return new MeasuredRoofs(
        rates, found, bytesPerSecond, levels, launch, clock.instant(), versions(backend));
  }

  private Optional<Map.Entry<String, Double>> bestRate(
      Precision precision, Consumer<ProbeWork> announcement) {
    return isMeasurable(backend.device(), precision)
        ? best(rates(ProbeWork.compute(backend.device()), precision, announcement))
        : Optional.empty();
  }

  private static Optional<Map.Entry<String, Double>> best(Map<String, Double> rates) {
    return rates.entrySet().stream().max(Map.Entry.comparingByValue());
  }

  /**
   * Whether a device may have units of this precision: a CPU computes quantised networks in floats.
   */
  public static boolean isMeasurable(Device device, Precision precision) {
    return device.kind() == DeviceKind.CUDA || !precision.isQuantized();
  }

  /** The versions that measured roofs depend on: if one changes, they are stale. */
  public static Map<String, String> versions(Backend backend) {
    Map<String, String> properties = new TreeMap<>(backend.device().properties());
    properties.keySet().retainAll(Set.of("driver", "cuda", "cudnn", "threads"));
    Map<String, String> versions = new TreeMap<>(backend.libraries());
    versions.putAll(properties);
    return versions;
  }

  /** Amounts per second by the name of the work, except for unsupported work. */
  private Map<String, Double> rates(
      List<ProbeWork> works, Precision precision, Consumer<ProbeWork> announcement) {
    Map<String, Double> rates = new LinkedHashMap<>();
    boolean isSlow = false;
    double before = 0;
    for (ProbeWork work : works) {
      if (!isSlow || work.amount() <= before) {
        announcement.accept(work);
        Double seconds = bestSeconds(work, precision);
        if (seconds != null) {
          isSlow = seconds > SLOW_PASS;
          rates.put(work.name(), work.amount() / seconds);
        }
      }
      before = work.amount();
    }
    return rates;
  }

  /**
   * The caches, then the memory.
   *
   * @param memory rates of the memory through the backend
   */
  private List<MemoryLevel> levels(Map<String, Double> memory, Progress progress) {
    List<MemoryLevel> levels = new ArrayList<>();
    Map<String, Double> rates = new TreeMap<>(memory);
    Map<String, Double> oneCore = Map.of();
    if (backend.device().kind() == DeviceKind.CPU) {
      levels.addAll(sweep.apply(progress));
    }
    Double l2 = backend.device().number("l2_bytes");
    if (l2 != null && l2 > 0) {
      Map<String, Double> cached =
          rates(
              ProbeWork.cache(l2.longValue()),
              Precision.FP32,
              work -> progress.report("roof", 0, "L2 " + work.name()));
      levels.add(new MemoryLevel("L2", l2.longValue(), cached, Map.of()));
    }
    int last = levels.size() - 1;
    if (last >= 0 && levels.get(last).bytes() == null) {
      MemoryLevel swept = levels.remove(last);
      swept.bytesPerSecond().forEach((name, rate) -> rates.merge(name, rate, Math::max));
      oneCore = swept.oneCoreBytesPerSecond();
    }
    if (!rates.isEmpty()) {
      levels.add(new MemoryLevel(MemoryLevel.MEMORY, null, rates, oneCore));
    }
    return levels;
  }

  private @Nullable Double bestSeconds(ProbeWork work, Precision precision) {
    RunOptions options = RunOptions.DEFAULT.withPrecision(precision).withFuse(!work.isSeries());
    Graph graph =
        precision
            .quantizedType()
            .map(type -> SyntheticQuantization.of(work.graph(), type).uncalibrated(true))
            .orElse(work.graph());
    try (Plan plan = backend.prepare(graph, options)) {
      plan.load(RandomInputs.of(graph, 1));
      plan.timePass();
      long start = nanoClock.getAsLong();
      SortedSeries passes = new SortedSeries();
      double seconds = 0;
      while (passes.size() < PASSES
          || seconds < SECONDS
          || (seconds < BUSY_SECONDS && passes.get(1) > CONFIRMED * passes.get(0))) {
        passes.add(plan.timePass());
        if (passes.get(0) > SLOW_PASS && passes.size() > 1) {
          break;
        }
        seconds = (nanoClock.getAsLong() - start) / 1e9;
      }
      return passes.get(0) > 0 ? passes.get(0) : null;
    } catch (ModelException | UnsupportedPrecisionException e) {
      return null; // no kernel at this precision: the roof stays absent
    }
  }

  /** The shortest of many, like the best rates: other load only adds time. */
  private @Nullable Double launchSeconds() {
    ProbeWork nothing = ProbeWork.nothing();
    try (Plan plan = backend.prepare(nothing.graph(), RunOptions.DEFAULT)) {
      plan.load(RandomInputs.of(nothing.graph(), 1));
      double least = Double.POSITIVE_INFINITY;
      for (int i = 0; i < LAUNCH_PASSES; i++) {
        least = Math.min(least, Arrays.stream(plan.timeSteps()).average().orElse(0));
      }
      return least > 0 ? least : null;
    } catch (ModelException e) {
      return null;
    }
  }
}
