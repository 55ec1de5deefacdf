package dev.flopmeter.report.finding;

import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.report.finding.Advice.Kind;
import dev.flopmeter.result.Bound;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.units.Figures;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Recommendations on a whole run; those on groups of its layers are {@link LayerAdvice}'s. */
final class AdviceRules {
  /** Runnable threads per core above which others had the cores, too: a run's own are one each. */
  private static final double BUSY_LOAD = 1.5;

  /** A pass of which layers are less than this does something else, too. */
  private static final double MOSTLY_LAYERS = 0.8;

  private static final List<Function<ProfileResult, Stream<Advice>>> RULES =
      List.of(
          AdviceRules::tensorCores,
          AdviceRules::graphReplay,
          AdviceRules::throttled,
          AdviceRules::idleCores,
          AdviceRules::busyCores,
          AdviceRules::gaps);

  private AdviceRules() {}

  static Stream<Advice> all(ProfileResult result) {
    return Stream.concat(
        RULES.stream().flatMap(rule -> rule.apply(result)),
        new LayerAdvice(result, known(result)).all());
  }

  /** The share of its roofs that a run can reach at best with what slows all of it. */
  static double known(ProfileResult result) {
    return clockShare(result) * coreShare(result) / Math.max(1, load(result));
  }

  /** fp32 leaves the matrix units of a GPU idle, and moves twice the bytes. */
  private static Stream<Advice> tensorCores(ProfileResult result) {
    Double capability = capability(result);
    if (result.device().kind() != DeviceKind.CUDA
        || result.run().precision() != Precision.FP32
        || capability == null
        || capability < 7) {
      return Stream.of();
    }
    double launch = boundShare(result, Bound.LAUNCH);
    double saved = (1 - launch) / 2;
    String precisions = capability >= 8 ? "bf16,tf32" : "fp16";
    return Stream.of(
        new Advice(
            Kind.PRECISION,
            "Run in " + precisions.replace(",", " or ") + ", on the tensor cores",
            String.format(
                "%s of the time goes to layers in fp32 that are longer than a launch, on a device"
                    + " of compute capability %s: its tensor cores stay idle, and each value is 4"
                    + " bytes.",
                Figures.percent(1 - launch), Figures.number(capability)),
            "at least half of that in 16 bits, so about " + Figures.percent(saved) + " of the time",
            new TestCommand(result).precisions(precisions),
            false,
            saved));
  }

  private static @Nullable Double capability(ProfileResult result) {
    String text = result.device().properties().getOrDefault("compute_capability", "");
    return text.matches("[0-9]{1,3}(\\.[0-9]{1,3})?") ? Double.valueOf(text) : null;
  }

  private static double boundShare(ProfileResult result, Bound bound) {
    return Breakdown.share(result, Breakdown.boundBy(result, bound));
  }

  private static Stream<Advice> graphReplay(ProfileResult result) {
    var launch = result.launch();
    if (launch == null || launch.overheadRatio() < 0.1) {
      return Stream.of();
    }
    double saved = 1 - launch.graphSeconds() / launch.eagerSeconds();
    return Stream.of(
        new Advice(
            Kind.GRAPH,
            "Replay a captured CUDA graph in production",
            String.format(
                "A pass takes %s launched step by step and %s replayed as a graph, as measured"
                    + " here.",
                Figures.seconds(launch.eagerSeconds()), Figures.seconds(launch.graphSeconds())),
            Figures.percent(saved) + " of the time, for a program that launches step by step",
            new TestCommand(result).with(""),
            false,
            saved));
  }

  private static Stream<Advice> throttled(ProfileResult result) {
    double lost = 1 - clockShare(result);
    var sensors = result.sensors();
    if (sensors == null || lost < 0.05) {
      return Stream.of();
    }
    double saved =
        lost * (boundShare(result, Bound.COMPUTE) + boundShare(result, Bound.INEFFICIENT));
    return Stream.of(
        new Advice(
            Kind.CLOCK,
            "Find out what limits the clock: " + String.join(", ", sensors.throttleReasons()),
            String.format(
                "The device ran at %s of the clock that its datasheet peak refers to, and reported"
                    + " the reason.",
                Figures.percent(1 - lost)),
            upTo(lost) + " of layers that memory does not limit",
            "flopmeter devices",
            false,
            saved));
  }

  /** The clock that was held, as a share of the datasheet's; 1 where nothing held it back. */
  private static double clockShare(ProfileResult result) {
    var sensors = result.sensors();
    Double adjusted = result.efficiency().mfu().clockAdjusted();
    Double datasheet = result.efficiency().mfu().datasheet();
    boolean isThrottled = sensors != null && !sensors.throttleReasons().isEmpty();
    return isThrottled && adjusted != null && datasheet != null && adjusted > datasheet
        ? datasheet / adjusted
        : 1;
  }

  private static Stream<Advice> idleCores(ProfileResult result) {
    double share = coreShare(result);
    String cores = result.device().properties().getOrDefault("cores", "");
    double saved = (1 - share) * (1 - boundShare(result, Bound.LAUNCH));
    return share == 1
        ? Stream.of()
        : Stream.of(
            new Advice(
                Kind.THREADS,
                "Use all " + cores + " cores",
                String.format(
                    "The run was given %s of %s cores (--threads).",
                    result.device().properties().get("threads"), cores),
                upTo(saved) + " if the layers scale with the cores",
                new TestCommand(result).with("--threads " + cores),
                false,
                saved));
  }

  /** The share of the processor's cores that the run was allowed. */
  private static double coreShare(ProfileResult result) {
    String threads = result.device().properties().getOrDefault("threads", "");
    String cores = result.device().properties().getOrDefault("cores", "");
    return threads.matches("[1-9][0-9]{0,5}") && cores.matches("[1-9][0-9]{0,5}")
        ? Math.min(1, Double.parseDouble(threads) / Double.parseDouble(cores))
        : 1;
  }

  private static Stream<Advice> busyCores(ProfileResult result) {
    double load = load(result);
    double saved = 1 - 1 / load;
    return load <= 1
        ? Stream.of()
        : Stream.of(
            new Advice(
                Kind.LOAD,
                "Measure on a machine that does nothing else",
                Figures.number(load)
                    + " threads a core were ready to run, on average over a minute.",
                upTo(saved) + " if the cores were shared evenly",
                new TestCommand(result).with(""),
                true,
                saved));
  }

  /** Runnable threads per core; 1 where that is not more than the run's own. */
  private static double load(ProfileResult result) {
    var sensors = result.sensors();
    Double load = sensors == null ? null : sensors.cpuLoad();
    return load != null && load > BUSY_LOAD ? load : 1;
  }

  private static Stream<Advice> gaps(ProfileResult result) {
    Double ratio = result.layerSumRatio();
    return ratio == null || ratio >= MOSTLY_LAYERS
        ? Stream.of()
        : Stream.of(
            new Advice(
                Kind.GAPS,
                "Find out what a pass does between its layers",
                "The layers add up to " + Figures.percent(ratio) + " of an undisturbed pass.",
                upTo(1 - ratio) + ", if it is the host that prepares and waits",
                new TestCommand(result).otherRuntimes(),
                true,
                1 - ratio));
  }

  static String upTo(double share) {
    return "up to " + Figures.percent(share) + " of the time";
  }
}
