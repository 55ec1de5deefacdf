package dev.flopmeter.report.finding;

import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.model.DataType;
import dev.flopmeter.result.Bound;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.units.Figures;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/** Recommendations on a whole run; {@link LayerAdvice} has those on groups of its layers. */
final class AdviceRules {
  /** Runnable threads per core above which others used the cores, too: a run has one per core. */
  private static final double BUSY_LOAD = 1.5;

  /** If the layers take less than this share of a pass, it also does something else. */
  private static final double MOSTLY_LAYERS = 0.8;

  private static final List<Function<ProfileResult, Stream<Advice>>> RULES =
      List.of(
          AdviceRules::tensorCores,
          AdviceRules::graphReplay,
          AdviceRules::throttled,
          AdviceRules::idleCores,
          AdviceRules::busyCores,
          AdviceRules::gaps,
          AdviceRules::halfFloatsOnCpu);

  private AdviceRules() {}

  static Stream<Advice> all(ProfileResult result) {
    return Stream.concat(
        RULES.stream().flatMap(rule -> rule.apply(result)),
        new LayerAdvice(result, known(result)).all());
  }

  /** The maximum share of its roofs that a run can reach with everything that slows all of it. */
  static double known(ProfileResult result) {
    return clockShare(result) * coreShare(result) / Math.max(1, load(result));
  }

  /** fp32 leaves the matrix units of a GPU idle and moves twice the bytes. */
  private static Stream<Advice> tensorCores(ProfileResult result) {
    Double capability = result.device().number("compute_capability");
    if (result.device().kind() != DeviceKind.CUDA
        || result.run().precision() != Precision.FP32
        || capability == null
        || capability < 7) {
      return Stream.of();
    }
    double longer = 1 - boundShare(result, Bound.LAUNCH);
    String precisions = capability >= 8 ? "bf16,tf32" : "fp16";
    return new AdviceText(result)
        .with("precisions", precisions.replace(",", " or "))
        .with("with_precisions", new TestCommand(result).precisions(precisions))
        .with("longer", Figures.percent(longer))
        .with("capability", Figures.number(capability))
        .advise("fp32", longer / 2);
  }

  private static double boundShare(ProfileResult result, Bound bound) {
    return Breakdown.share(result, Breakdown.boundBy(result, bound));
  }

  private static Stream<Advice> graphReplay(ProfileResult result) {
    var launch = result.launch();
    if (launch == null || launch.overheadRatio() < 0.1) {
      return Stream.of();
    }
    return new AdviceText(result)
        .with("eager", Figures.seconds(launch.eagerSeconds()))
        .with("replayed", Figures.seconds(launch.graphSeconds()))
        .advise("graph", 1 - launch.graphSeconds() / launch.eagerSeconds());
  }

  private static Stream<Advice> throttled(ProfileResult result) {
    double lost = 1 - clockShare(result);
    var sensors = result.sensors();
    if (sensors == null || lost < 0.05) {
      return Stream.of();
    }
    double saved =
        lost * (boundShare(result, Bound.COMPUTE) + boundShare(result, Bound.INEFFICIENT));
    return new AdviceText(result)
        .with("reasons", String.join(", ", sensors.throttleReasons()))
        .with("clock", Figures.percent(1 - lost))
        .with("lost", Figures.percent(lost))
        .advise("clock", saved);
  }

  /** The actual clock, as a share of the datasheet's; 1 if nothing reduced it. */
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
    Map<String, String> device = result.device().properties();
    String cores = device.getOrDefault("cores", "");
    return share == 1
        ? Stream.of()
        : new AdviceText(result)
            .with("threads", device.getOrDefault("threads", ""))
            .with("cores", cores)
            .with("all_cores", new TestCommand(result).with("--threads", cores))
            .advise("idle cores", (1 - share) * (1 - boundShare(result, Bound.LAUNCH)));
  }

  /** The share of the processor's cores that the run could use. */
  private static double coreShare(ProfileResult result) {
    Double threads = result.device().number("threads");
    Double cores = result.device().number("cores");
    return threads == null || cores == null || threads * cores == 0
        ? 1
        : Math.min(1, threads / cores);
  }

  private static Stream<Advice> busyCores(ProfileResult result) {
    double load = load(result);
    return load <= 1
        ? Stream.of()
        : new AdviceText(result)
            .with("load", Figures.number(load))
            .advise("busy cores", 1 - 1 / load);
  }

  /** Runnable threads per core; 1 if only the run's own. */
  private static double load(ProfileResult result) {
    var sensors = result.sensors();
    Double load = sensors == null ? null : sensors.cpuLoad();
    return load != null && load > BUSY_LOAD ? load : 1;
  }

  private static Stream<Advice> gaps(ProfileResult result) {
    Double ratio = result.layerSumRatio();
    return ratio == null || ratio >= (Breakdown.isSlow(result) ? 1 : MOSTLY_LAYERS)
        ? Stream.of()
        : new AdviceText(result).with("sum", Figures.percent(ratio)).advise("gaps", 1 - ratio);
  }

  /** Few CPU kernels compute with 16-bit floats; most convert, or process one at a time. */
  private static Stream<Advice> halfFloatsOnCpu(ProfileResult result) {
    Optional<DataType> half =
        result.model().inputs().stream()
            .map(input -> input.type().type())
            .filter(type -> type.isFloat() && type.bits() == 16)
            .findFirst();
    double share = boundShare(result, Bound.INEFFICIENT);
    return half.isEmpty() || share == 0 || result.device().kind() != DeviceKind.CPU
        ? Stream.of()
        : new AdviceText(result).with("type", half.get().label()).advise("half floats", share);
  }
}
