package dev.flopmeter.report.finding;

import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.report.finding.Advice.Rule;
import dev.flopmeter.result.Bound;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Channels;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.text.Cut;
import dev.flopmeter.units.Figures;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The kinds of advice. A new one is a new entry of {@link #ALL}. */
final class AdviceRules {
  private AdviceRules() {}

  /** Below these shares of a pass a change cannot be told from noise. */
  private static final double WORTH_A_CHANGE = 0.05;

  private static final double WORTH_A_LAYER = 0.03;

  static final List<Rule> ALL =
      List.of(
          AdviceRules::unfusedChains,
          AdviceRules::tensorCores,
          AdviceRules::oddChannels,
          AdviceRules::launchBound,
          AdviceRules::graphReplay,
          AdviceRules::layoutConversions,
          AdviceRules::transpositions,
          AdviceRules::throttled,
          AdviceRules::farUnderRoof);

  /** Separate elementwise layers read back what the layer before them has just written. */
  private static Stream<Advice> unfusedChains(ProfileResult result) {
    List<Layer> apart = new ArrayList<>();
    for (int i = 1; i < result.layers().size(); i++) {
      Layer layer = result.layers().get(i);
      if (layer.bound() == Bound.MEMORY && isElementwise(layer)) {
        apart.add(layer);
      }
    }
    double share = Breakdown.share(result, apart);
    if (share < WORTH_A_CHANGE) {
      return Stream.of();
    }
    String how =
        result.run().fused()
            ? "Fuse elementwise operators into the layers before them"
            : "Let operators be fused (drop --no-fuse)";
    return one(
        how,
        Verdict.count(apart.size(), "memory-bound elementwise layer")
            + " (such as "
            + Cut.name(longest(apart).name())
            + ") of their own take "
            + Figures.percent(share)
            + " of the time only to read and write values that neighbouring layers have in"
            + " registers or cache.",
        upTo(share),
        share);
  }

  private static boolean isElementwise(Layer layer) {
    return layer.cost().macs() == 0
        && Stream.of(layer.op().split("\\+")).allMatch(OperatorTrait.ONE_PASS::has);
  }

  /** fp32 leaves the matrix units of a GPU idle, and moves twice the bytes. */
  private static Stream<Advice> tensorCores(ProfileResult result) {
    if (result.device().kind() != DeviceKind.CUDA || result.run().precision() != Precision.FP32) {
      return Stream.of();
    }
    Double capability = capability(result);
    if (capability == null || capability < 7) {
      return Stream.of();
    }
    double compute = Breakdown.share(result, Breakdown.boundBy(result, Bound.COMPUTE));
    double memory = Breakdown.share(result, Breakdown.boundBy(result, Bound.MEMORY));
    double saved = compute / 2 + memory / 2;
    if (compute < 0.2) {
      return Stream.of();
    }
    String precision = capability >= 8 ? "bf16 or tf32" : "fp16";
    return one(
        "Run in " + precision + ", on the tensor cores",
        Figures.percent(compute)
            + " of the time goes to compute-bound layers in fp32, on a device of compute capability"
            + " "
            + Figures.number(capability)
            + ", whose tensor cores stay idle; "
            + Figures.percent(memory)
            + " to memory-bound ones, which move 4 bytes a value.",
        "at least half of both in 16 bits, so about "
            + Figures.percent(saved)
            + " of the time; measure it with --precision",
        saved);
  }

  /**
   * Tensor cores take channels in blocks, of 16 bytes: 8 in 16 bits, 4 in tf32. Others are filled
   * up with zeros, or sent to a kernel that does without tensor cores.
   *
   * @see <a href="https://docs.nvidia.com/deeplearning/performance/dl-performance-convolutional/">
   *     NVIDIA's guide to convolutional layers, channels in and out</a>
   */
  private static Stream<Advice> oddChannels(ProfileResult result) {
    int block =
        switch (result.run().precision()) {
          case FP16, BF16 -> 8;
          case TF32 -> 4;
          case FP32 -> 0;
        };
    if (block == 0 || result.device().kind() != DeviceKind.CUDA) {
      return Stream.of();
    }
    List<Odd> odd =
        result.layers().stream()
            .filter(layer -> layer.bound() != Bound.LAUNCH)
            .flatMap(layer -> Odd.of(layer, block).stream())
            .toList();
    double saved = odd.stream().mapToDouble(Odd::fillingSeconds).sum();
    double savedShare = odd.isEmpty() ? 0 : saved / Breakdown.seconds(result);
    if (savedShare < WORTH_A_LAYER) {
      return Stream.of();
    }
    Odd longest =
        odd.stream()
            .max(Comparator.comparingDouble(one -> one.layer().time().median()))
            .orElseThrow();
    return one(
        "Make channels a multiple of " + block,
        Verdict.count(odd.size(), "layer")
            + ", "
            + Figures.percent(Breakdown.share(result, odd.stream().map(Odd::layer).toList()))
            + " of the time, have other channel counts (such as "
            + Cut.name(longest.layer().name())
            + ", "
            + longest.channels().in()
            + " in and "
            + longest.channels().out()
            + " out), which tensor cores in "
            + result.run().precision()
            + " pad to a multiple.",
        upTo(savedShare) + ", the share of their work that is padding",
        savedShare);
  }

  /**
   * A layer whose channels are filled up to whole blocks.
   *
   * @param filled the share of its work that is left after that
   */
  private record Odd(Layer layer, Channels channels, double filled) {
    static Optional<Odd> of(Layer layer, int block) {
      Channels channels = layer.channels();
      if (channels == null || channels.in() < 1 || channels.out() < 1) {
        return Optional.empty();
      }
      double filled =
          AdviceRules.filled(channels.in(), block) * AdviceRules.filled(channels.out(), block);
      return filled < 1 ? Optional.of(new Odd(layer, channels, filled)) : Optional.empty();
    }

    double fillingSeconds() {
      return layer.time().median() * (1 - filled);
    }
  }

  private static double filled(long channels, int block) {
    long whole = (channels + block - 1) / block * block;
    return (double) channels / whole;
  }

  private static @Nullable Double capability(ProfileResult result) {
    String text = result.device().properties().getOrDefault("compute_capability", "");
    return text.matches("[0-9]{1,3}(\\.[0-9]{1,3})?") ? Double.valueOf(text) : null;
  }

  /** Layers shorter than a launch: more work per launch helps. */
  private static Stream<Advice> launchBound(ProfileResult result) {
    List<Layer> launches = Breakdown.boundBy(result, Bound.LAUNCH);
    double share = Breakdown.share(result, launches);
    if (share < 0.2) {
      return Stream.of();
    }
    // The time at the roof remains; the rest is the launch.
    double needed =
        launches.stream()
            .filter(layer -> layer.rooflineEfficiency() != null)
            .mapToDouble(layer -> layer.time().median() * efficiency(layer))
            .sum();
    double saved = share - needed / Breakdown.seconds(result);
    return one(
        "Give each launch more work: a larger batch, or fewer, larger layers",
        Verdict.count(launches.size(), "layer")
            + ", "
            + Figures.percent(share)
            + " of the time at batch "
            + result.run().batch()
            + ", take less time to compute than to launch.",
        upTo(saved) + " an inference as the batch grows",
        saved);
  }

  private static double efficiency(Layer layer) {
    Double efficiency = layer.rooflineEfficiency();
    return efficiency == null ? 1 : Math.min(1, efficiency);
  }

  private static Stream<Advice> graphReplay(ProfileResult result) {
    var launch = result.launch();
    if (launch == null || launch.overheadRatio() < 0.1) {
      return Stream.of();
    }
    double saved = 1 - launch.graphSeconds() / launch.eagerSeconds();
    return one(
        "Replay a captured CUDA graph in production",
        "A pass takes "
            + Figures.seconds(launch.eagerSeconds())
            + " launched step by step and "
            + Figures.seconds(launch.graphSeconds())
            + " replayed as a graph, as measured here.",
        Figures.percent(saved) + " of the time, for a program that launches step by step",
        saved);
  }

  /** Steps that the backend added: they serve no node of the model and only convert layouts. */
  private static Stream<Advice> layoutConversions(ProfileResult result) {
    List<Layer> conversions =
        result.layers().stream().filter(layer -> layer.nodes().isEmpty()).toList();
    return rearranging(
        result,
        conversions,
        "Keep one memory layout throughout",
        "only to convert between memory layouts.",
        "; try --layout nhwc and --layout nchw");
  }

  /** The model's own transpositions, where no other layer does them on the way. */
  private static Stream<Advice> transpositions(ProfileResult result) {
    List<Layer> transpositions =
        result.layers().stream().filter(layer -> layer.op().equals("Transpose")).toList();
    return rearranging(
        result,
        transpositions,
        "Export the model with fewer transpositions",
        "only to transpose data.",
        ", if the layers around them take the data as it is");
  }

  private static Stream<Advice> rearranging(
      ProfileResult result, List<Layer> layers, String title, String purpose, String condition) {
    double share = Breakdown.share(result, layers);
    if (layers.isEmpty() || share < WORTH_A_LAYER) {
      return Stream.of();
    }
    return one(
        title,
        Verdict.count(layers.size(), "layer")
            + " (such as "
            + Cut.name(longest(layers).name())
            + ") take "
            + Figures.percent(share)
            + " of the time "
            + purpose,
        upTo(share) + condition,
        share);
  }

  private static Stream<Advice> throttled(ProfileResult result) {
    var sensors = result.sensors();
    var adjusted = result.efficiency().mfu().clockAdjusted();
    var datasheet = result.efficiency().mfu().datasheet();
    if (sensors == null
        || sensors.throttleReasons().isEmpty()
        || adjusted == null
        || datasheet == null
        || adjusted < 1.05 * datasheet) {
      return Stream.of();
    }
    double lost = 1 - datasheet / adjusted;
    return one(
        "Find out what limits the clock: " + String.join(", ", sensors.throttleReasons()),
        "The device ran at "
            + Figures.percent(1 - lost)
            + " of the clock that its datasheet peak refers to, and reported the reason.",
        upTo(lost) + " of compute-bound layers",
        lost * Breakdown.share(result, Breakdown.boundBy(result, Bound.COMPUTE)));
  }

  /** A layer that reaches far less of its roof than the others of its kind do. */
  private static Stream<Advice> farUnderRoof(ProfileResult result) {
    double total = Breakdown.seconds(result);
    return Breakdown.longestFirst(result).stream()
        .filter(layer -> layer.time().median() >= WORTH_A_LAYER * total)
        .flatMap(layer -> farUnderRoof(result, layer, total).stream())
        .limit(3);
  }

  private static Optional<Advice> farUnderRoof(ProfileResult result, Layer layer, double total) {
    Double efficiency = layer.rooflineEfficiency();
    Bound bound = layer.bound();
    if (efficiency == null || bound == null || bound == Bound.LAUNCH) {
      return Optional.empty();
    }
    List<Double> others =
        Breakdown.boundBy(result, bound).stream()
            .filter(other -> !other.equals(layer))
            .map(Layer::rooflineEfficiency)
            .filter(java.util.Objects::nonNull)
            .sorted()
            .toList();
    if (others.size() < 4) {
      return Optional.empty();
    }
    double usual = Math.min(1, others.get(others.size() / 2));
    if (efficiency > 0.5 * usual) {
      return Optional.empty();
    }
    double share = layer.time().median() / total;
    double saved = share * (1 - efficiency / usual);
    return Optional.of(
        new Advice(
            "Look at " + Cut.name(layer.name()) + ", far under its roof",
            "It takes "
                + Figures.percent(share)
                + " of the time and reaches "
                + Figures.percent(efficiency)
                + " of its roof; the median of the other "
                + others.size()
                + " "
                + bound
                + "-bound layers is "
                + Figures.percent(usual)
                + ". Its kernel is "
                + Cut.name(layer.kernel().algorithm())
                + ".",
            upTo(saved) + " if it did as well as the others",
            saved));
  }

  private static Layer longest(List<Layer> layers) {
    return layers.stream()
        .max(Comparator.comparingDouble(layer -> layer.time().median()))
        .orElseThrow();
  }

  private static String upTo(double share) {
    return "up to " + Figures.percent(share) + " of the time";
  }

  private static Stream<Advice> one(String title, String evidence, String gain, double saved) {
    return Stream.of(new Advice(title, evidence, gain, saved));
  }
}
