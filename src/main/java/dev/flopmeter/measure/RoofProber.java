package dev.flopmeter.measure;

import dev.flopmeter.device.Device;
import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Measures the peak rates that a device reaches through a backend: of matrix products and
 * convolutions per precision, of moving memory, and the cost of an empty step. A roof is a best
 * case, so the fastest pass counts, not the median.
 */
public final class RoofProber {
  /** Passes of one piece of work: at least so many, and for so long. */
  private static final int PASSES = 5;

  private static final double SECONDS = 0.3;
  private static final int LAUNCH_PASSES = 100;

  /** Work is tried from small to large until one pass takes this long. */
  private static final double SLOW_PASS = 0.5;

  private final Backend backend;
  private final LongSupplier nanoClock;
  private final Clock clock;

  public RoofProber(Backend backend, LongSupplier nanoClock, Clock clock) {
    this.backend = backend;
    this.nanoClock = nanoClock;
    this.clock = clock;
  }

  /**
   * Measures the roofs of these precisions, and of memory and launches.
   *
   * @throws dev.flopmeter.run.BackendException if the device fails
   */
  public MeasuredRoofs measure(List<Precision> precisions, Progress progress) {
    Map<String, Double> rates = new TreeMap<>();
    Map<String, String> found = new TreeMap<>();
    int parts = precisions.size() + 2;
    for (int i = 0; i < precisions.size(); i++) {
      String precision = precisions.get(i).label();
      double before = (double) i / parts;
      Best best =
          fastest(
              ProbeWork.compute(backend.device()),
              precisions.get(i),
              work -> progress.report("roof", before, precision + " " + work.name()));
      if (best != null) {
        rates.put(precision, best.rate());
        found.put(precision, best.work());
      }
    }
    Best memory =
        fastest(
            ProbeWork.memory(backend.device()),
            Precision.FP32,
            work -> progress.report("roof", (parts - 2.0) / parts, work.name()));
    if (memory != null) {
      found.put("memory", memory.work());
    }
    progress.report("roof", (parts - 1.0) / parts, "launch");
    Double launch = launchSeconds();
    progress.report("roof", 1, "done");
    return new MeasuredRoofs(
        rates,
        found,
        memory == null ? null : memory.rate(),
        launch,
        clock.instant(),
        versions(backend));
  }

  /** What measured roofs depend on: they are stale once one of these changes. */
  public static Map<String, String> versions(Backend backend) {
    Map<String, String> versions = new TreeMap<>(backend.libraries());
    Device device = backend.device();
    for (String property : List.of("driver", "cuda", "cudnn", "threads")) {
      String value = device.properties().get(property);
      if (value != null) {
        versions.put(property, value);
      }
    }
    return versions;
  }

  private record Best(double rate, String work) {}

  /** The best amount per second over all work; null if the backend can do none of it. */
  private @Nullable Best fastest(
      List<ProbeWork> works, Precision precision, Consumer<ProbeWork> announcement) {
    Best best = null;
    boolean isSlow = false;
    for (ProbeWork work : works) {
      if (isSlow && work.isLargerThanTheOneBefore()) {
        continue;
      }
      announcement.accept(work);
      Double seconds = bestSeconds(work, precision);
      if (seconds == null) {
        continue;
      }
      isSlow = seconds > SLOW_PASS;
      double rate = work.amount() / seconds;
      if (best == null || rate > best.rate()) {
        best = new Best(rate, work.name());
      }
    }
    return best;
  }

  private @Nullable Double bestSeconds(ProbeWork work, Precision precision) {
    RunOptions options = RunOptions.DEFAULT.withPrecision(precision);
    try (Plan plan = backend.prepare(work.graph(), options)) {
      plan.load(RandomInputs.of(work.graph(), 1));
      plan.timePass();
      long start = nanoClock.getAsLong();
      double best = Double.POSITIVE_INFINITY;
      for (int i = 0; i < PASSES || (nanoClock.getAsLong() - start) / 1e9 < SECONDS; i++) {
        best = Math.min(best, plan.timePass());
        if (best > SLOW_PASS && i > 0) {
          break;
        }
      }
      return best > 0 ? best : null;
    } catch (ModelException e) {
      return null; // no kernel at this precision: the roof stays absent
    }
  }

  /** The least of many, as the rates are the best: other work on the machine only adds to it. */
  private @Nullable Double launchSeconds() {
    ProbeWork nothing = ProbeWork.nothing();
    try (Plan plan = backend.prepare(nothing.graph(), RunOptions.DEFAULT)) {
      plan.load(RandomInputs.of(nothing.graph(), 1));
      double least = Double.POSITIVE_INFINITY;
      for (int i = 0; i < LAUNCH_PASSES; i++) {
        double[] steps = plan.timeSteps();
        least = Math.min(least, Arrays.stream(steps).sum() / steps.length);
      }
      return least > 0 ? least : null;
    } catch (ModelException e) {
      return null;
    }
  }
}
