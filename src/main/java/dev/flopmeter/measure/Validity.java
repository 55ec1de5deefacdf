package dev.flopmeter.measure;

import dev.flopmeter.count.Counts;
import dev.flopmeter.count.Uncounted;
import dev.flopmeter.result.Bound;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.NumericCheck;
import dev.flopmeter.result.ProfileResult.Roof;
import dev.flopmeter.result.ProfileResult.Roofs;
import dev.flopmeter.result.ProfileResult.Sensors;
import dev.flopmeter.units.Figures;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether the figures of a profile are valid. Collects warnings; the severe ones also make
 * the result invalid. The bounds are those of the measuring rules in the project's documentation.
 */
final class Validity {
  private static final double NOISY = 0.10;
  private static final double UNUSABLE = 0.25;
  private static final double SUM_LOW = 0.95;
  private static final double SUM_HIGH = 1.10;

  /** How far a result may exceed a measured roof, which a busy machine makes too low. */
  private static final double ROOF_TOLERANCE = 1.05;

  private final List<String> reasons = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();

  void warn(String warning) {
    warnings.add(warning);
  }

  private void warn(String pattern, Object... values) {
    warnings.add(String.format(Locale.ROOT, pattern, values));
  }

  private void invalidate(String pattern, Object... values) {
    reasons.add(String.format(Locale.ROOT, pattern, values));
  }

  void judgeCheck(NumericCheck check) {
    if (!check.passed()) {
      invalidate(
          "outputs differ from the reference (%s): relative L2 %.2g, allowed %.2g",
          check.reference(), check.relativeL2(), check.tolerance());
    }
  }

  void judgeSamples(Samples samples, SamplingRules rules) {
    int kept = samples.passes().size();
    if (kept < Distribution.INTERVAL_SAMPLES) {
      invalidate(
          "only %d samples fit into %s; at least %d are needed, increase --max-time",
          kept, Figures.seconds(rules.limitSeconds()), Distribution.INTERVAL_SAMPLES);
    } else if (kept < rules.samples()) {
      warn(
          "only %d of %d samples fit into %s",
          kept, rules.samples(), Figures.seconds(rules.limitSeconds()));
    }
    if (!samples.isWarm()) {
      warn("the times did not settle in %d warm-up runs", samples.warmupRuns());
    }
    samples.dropped().forEach((reason, count) -> warn(count + " samples were dropped: " + reason));
  }

  void judgeNoise(double relativeIqr) {
    String noise = "the samples scatter by %.3g %% (IQR over median), more than ";
    if (relativeIqr > UNUSABLE) {
      invalidate(noise + "25 %%: do not use these times", 100 * relativeIqr);
    } else if (relativeIqr > NOISY) {
      warn(noise + "10 %%", 100 * relativeIqr);
    }
  }

  void judgeLayerSum(@Nullable Double ratio) {
    if (ratio != null && (ratio < SUM_LOW || ratio > SUM_HIGH)) {
      warn(
          "the layers add up to %s of the end-to-end time (0.95 to 1.10 is usual): the times"
              + " of single layers are inaccurate",
          Figures.number(ratio));
    }
  }

  void judgeResolution(List<Layer> layers, double floorSeconds) {
    long unresolved =
        layers.stream()
            .filter(layer -> ResultJoin.isUnresolved(layer.time().median(), floorSeconds))
            .count();
    if (unresolved > 0) {
      warn(
          "%d of %d layers take at most %s, near the least that the profiler resolves: treat"
              + " their times with care",
          unresolved, layers.size(), Figures.seconds(2 * floorSeconds));
    }
  }

  void judgeCounts(Counts counts) {
    for (Uncounted one : counts.uncounted()) {
      warn("the work of %s %s is not counted: %s".formatted(one.count(), one.op(), one.reason()));
    }
    counts.approximations().forEach(this::warn);
  }

  void judgeSurroundings(@Nullable Sensors sensors) {
    if (sensors == null) {
      return;
    }
    if (!sensors.throttleReasons().isEmpty()) {
      warn("the device was throttled: " + String.join(", ", sensors.throttleReasons()));
    }
    Integer others = sensors.otherProcesses();
    if (others != null && others > 0) {
      warn(others + (others == 1 ? " other process uses" : " other processes use") + " the device");
    }
  }

  void judgePeak(double achievedFlopsPerSecond, Roofs roofs) {
    Roof datasheet = roofs.datasheet();
    Double peak = datasheet == null ? null : datasheet.flopsPerSecond();
    if (peak != null && achievedFlopsPerSecond > peak) {
      invalidate(
          "%s is above the datasheet peak of %s: the count or the time is wrong",
          Figures.flopRate(achievedFlopsPerSecond), Figures.flopRate(peak));
    }
  }

  /** The roofs without the measured one, if a result shows that it is too low. */
  RoofSet plausible(double achievedFlopsPerSecond, RoofSet roofs) {
    Roof measured = roofs.roofs().measured();
    Double peak = measured == null ? null : measured.flopsPerSecond();
    if (peak == null || achievedFlopsPerSecond <= ROOF_TOLERANCE * peak) {
      return roofs;
    }
    warn(
        "%s is above the measured roof of %s, so no share of it is given: the measured roof is"
            + " too low; run flopmeter roof again",
        Figures.flopRate(achievedFlopsPerSecond), Figures.flopRate(peak));
    return roofs.withoutMeasured();
  }

  /** Layers above a roof: the roof is wrong, or the layer does less than was counted. */
  void judgeLayers(List<Layer> layers) {
    Map<String, List<Layer>> above = new TreeMap<>();
    for (Layer layer : layers) {
      Double efficiency = layer.rooflineEfficiency();
      if (efficiency != null && efficiency > ROOF_TOLERANCE) {
        above.computeIfAbsent(roof(layer), roof -> new ArrayList<>()).add(layer);
      }
    }
    above.forEach(
        (roof, some) -> {
          Layer farthest = Collections.max(some, Comparator.comparing(Layer::rooflineEfficiency));
          warn(
              "%d of %d layers are above the %s, '%s' at %s of it: that roof is too low (run"
                  + " flopmeter roof again), or the layers do less work than is counted",
              some.size(),
              layers.size(),
              roof,
              farthest.name(),
              Figures.percent(Objects.requireNonNull(farthest.rooflineEfficiency())));
        });
  }

  private static String roof(Layer layer) {
    String level = layer.level();
    return layer.bound() == Bound.COMPUTE
        ? "roof of arithmetic"
        : "bandwidth of " + (level == null || level.equals("memory") ? "the memory" : level);
  }

  boolean isValid() {
    return reasons.isEmpty();
  }

  /** The reasons why the result is invalid, then the warnings. */
  List<String> warnings() {
    return Stream.concat(reasons.stream(), warnings.stream()).toList();
  }
}
