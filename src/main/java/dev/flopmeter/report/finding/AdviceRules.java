package dev.flopmeter.report.finding;

import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.result.Bound;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Channels;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.text.Cut;
import dev.flopmeter.units.Figures;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The kinds of advice, each empty where the figures do not support it. */
final class AdviceRules {
  private AdviceRules() {}

  /** Below these shares of a pass a change cannot be told from noise. */
  private static final double WORTH_A_CHANGE = 0.05;

  private static final double WORTH_A_LAYER = 0.03;

  private static final List<Function<ProfileResult, Optional<Advice>>> RULES =
      List.of(
          AdviceRules::unfusedChains,
          AdviceRules::tensorCores,
          AdviceRules::oddChannels,
          AdviceRules::launchBound,
          AdviceRules::graphReplay,
          AdviceRules::layoutConversions,
          AdviceRules::transpositions,
          AdviceRules::throttled);

  static Stream<Advice> all(ProfileResult result) {
    return Stream.concat(
        RULES.stream().flatMap(rule -> rule.apply(result).stream()), farUnderRoof(result));
  }

  /** Layers of one kind, with their share of the time. */
  private record Kind(List<Layer> layers, double share) {
    static Kind of(ProfileResult result, Predicate<Layer> isOfKind) {
      List<Layer> layers = result.layers().stream().filter(isOfKind).toList();
      return new Kind(layers, Breakdown.share(result, layers));
    }

    Layer longest() {
      return layers.stream()
          .max(Comparator.comparingDouble(layer -> layer.time().median()))
          .orElseThrow();
    }

    /** {@code 2 layers (such as conv1)}. */
    String named(String noun) {
      return Verdict.count(layers.size(), noun) + " (such as " + Cut.name(longest().name()) + ")";
    }
  }

  /** Separate elementwise layers read back what the layer before them has just written. */
  private static Optional<Advice> unfusedChains(ProfileResult result) {
    List<Layer> layers =
        result.layers().stream()
            .skip(1)
            .filter(layer -> layer.bound() != Bound.LAUNCH && isElementwise(layer))
            .toList();
    Kind apart = new Kind(layers, Breakdown.share(result, layers));
    if (apart.share < WORTH_A_CHANGE) {
      return Optional.empty();
    }
    return advice(
        result.run().fused()
            ? "Fuse elementwise operators into the layers before them"
            : "Let operators be fused (drop --no-fuse)",
        String.format(
            "%s of their own take %s of the time only to read and write values that neighbouring"
                + " layers have in registers or cache.",
            apart.named("memory-bound elementwise layer"), Figures.percent(apart.share)),
        upTo(apart.share),
        apart.share);
  }

  private static boolean isElementwise(Layer layer) {
    return layer.cost().macs() == 0
        && Stream.of(layer.op().split("\\+")).allMatch(OperatorTrait.ONE_PASS::has);
  }

  /** fp32 leaves the matrix units of a GPU idle, and moves twice the bytes. */
  private static Optional<Advice> tensorCores(ProfileResult result) {
    Double capability = capability(result);
    double compute = boundShare(result, Bound.COMPUTE);
    double memory = boundShare(result, Bound.MEMORY);
    if (result.device().kind() != DeviceKind.CUDA
        || result.run().precision() != Precision.FP32
        || capability == null
        || capability < 7
        || compute < 0.2) {
      return Optional.empty();
    }
    double saved = compute / 2 + memory / 2;
    return advice(
        "Run in " + (capability >= 8 ? "bf16 or tf32" : "fp16") + ", on the tensor cores",
        String.format(
            "%s of the time goes to compute-bound layers in fp32, on a device of compute capability"
                + " %s, whose tensor cores stay idle; %s to memory-bound ones, which move 4 bytes a"
                + " value.",
            Figures.percent(compute), Figures.number(capability), Figures.percent(memory)),
        String.format(
            "at least half of both in 16 bits, so about %s of the time; measure it with"
                + " --precision",
            Figures.percent(saved)),
        saved);
  }

  private static @Nullable Double capability(ProfileResult result) {
    String text = result.device().properties().getOrDefault("compute_capability", "");
    return text.matches("[0-9]{1,3}(\\.[0-9]{1,3})?") ? Double.valueOf(text) : null;
  }

  private static double boundShare(ProfileResult result, Bound bound) {
    return Breakdown.share(result, Breakdown.boundBy(result, bound));
  }

  /**
   * Tensor cores take channels in blocks, of 16 bytes: 8 in 16 bits, 4 in tf32. Others are filled
   * up with zeros, or sent to a kernel that does without tensor cores.
   *
   * @see <a href="https://docs.nvidia.com/deeplearning/performance/dl-performance-convolutional/">
   *     NVIDIA's guide to convolutional layers, channels in and out</a>
   */
  private static Optional<Advice> oddChannels(ProfileResult result) {
    int block =
        switch (result.run().precision()) {
          case FP16, BF16 -> 8;
          case TF32 -> 4;
          case FP32 -> 0;
        };
    if (block == 0 || result.device().kind() != DeviceKind.CUDA) {
      return Optional.empty();
    }
    Kind odd = Kind.of(result, layer -> layer.bound() != Bound.LAUNCH && filled(layer, block) < 1);
    double savedSeconds =
        odd.layers.stream()
            .mapToDouble(layer -> layer.time().median() * (1 - filled(layer, block)))
            .sum();
    double saved = savedSeconds / Breakdown.seconds(result);
    Channels longest = odd.layers.isEmpty() ? null : odd.longest().channels();
    if (longest == null || !(saved >= WORTH_A_LAYER)) {
      return Optional.empty();
    }
    return advice(
        "Make channels a multiple of " + block,
        String.format(
            "%s, %s of the time, have other channel counts (such as %s, %s in and %s out), which"
                + " tensor cores in %s pad to a multiple.",
            Verdict.count(odd.layers.size(), "layer"),
            Figures.percent(odd.share),
            Cut.name(odd.longest().name()),
            longest.in(),
            longest.out(),
            result.run().precision()),
        upTo(saved) + ", the share of their work that is padding",
        saved);
  }

  /** The share of a layer's work that is left after its channels are filled up to whole blocks. */
  private static double filled(Layer layer, int block) {
    Channels channels = layer.channels();
    return channels == null || channels.hasGroups() || channels.in() < 1 || channels.out() < 1
        ? 1
        : filled(channels.in(), block) * filled(channels.out(), block);
  }

  private static double filled(long channels, int block) {
    long whole = (channels + block - 1) / block * block;
    return (double) channels / whole;
  }

  /** Layers shorter than a launch: more work per launch helps. */
  private static Optional<Advice> launchBound(ProfileResult result) {
    Kind launches = Kind.of(result, layer -> layer.bound() == Bound.LAUNCH);
    double share = launches.share;
    if (share < 0.2) {
      return Optional.empty();
    }
    // The time at the roof remains; the rest is the launch.
    double needed =
        launches.layers.stream()
            .mapToDouble(layer -> layer.time().median() * Math.min(1, efficiency(layer)))
            .sum();
    double saved = share - needed / Breakdown.seconds(result);
    return advice(
        "Give each launch more work: a larger batch, or fewer, larger layers",
        String.format(
            "%s, %s of the time at batch %s, take less time to compute than to launch.",
            Verdict.count(launches.layers.size(), "layer"),
            Figures.percent(share),
            result.run().batch()),
        upTo(saved) + " an inference as the batch grows",
        saved);
  }

  /** The share of its roof that a layer reaches; 0 where that is unknown. */
  private static double efficiency(Layer layer) {
    return Objects.requireNonNullElse(layer.rooflineEfficiency(), 0.0);
  }

  private static Optional<Advice> graphReplay(ProfileResult result) {
    var launch = result.launch();
    if (launch == null || launch.overheadRatio() < 0.1) {
      return Optional.empty();
    }
    double saved = 1 - launch.graphSeconds() / launch.eagerSeconds();
    return advice(
        "Replay a captured CUDA graph in production",
        String.format(
            "A pass takes %s launched step by step and %s replayed as a graph, as measured here.",
            Figures.seconds(launch.eagerSeconds()), Figures.seconds(launch.graphSeconds())),
        Figures.percent(saved) + " of the time, for a program that launches step by step",
        saved);
  }

  /** Steps that the backend added: they serve no node of the model and only convert layouts. */
  private static Optional<Advice> layoutConversions(ProfileResult result) {
    return rearranging(
        Kind.of(result, layer -> layer.nodes().isEmpty()),
        "Keep one memory layout throughout",
        "only to convert between memory layouts.",
        "; try --layout nhwc and --layout nchw");
  }

  /** The model's own transpositions, where no other layer does them on the way. */
  private static Optional<Advice> transpositions(ProfileResult result) {
    return rearranging(
        Kind.of(result, layer -> layer.op().equals("Transpose")),
        "Export the model with fewer transpositions",
        "only to transpose data.",
        ", if the layers around them take the data as it is");
  }

  private static Optional<Advice> rearranging(
      Kind kind, String title, String purpose, String condition) {
    if (kind.share < WORTH_A_LAYER) {
      return Optional.empty();
    }
    String evidence =
        kind.named("layer") + " take " + Figures.percent(kind.share) + " of the time " + purpose;
    return advice(title, evidence, upTo(kind.share) + condition, kind.share);
  }

  private static Optional<Advice> throttled(ProfileResult result) {
    var sensors = result.sensors();
    var adjusted = result.efficiency().mfu().clockAdjusted();
    var datasheet = result.efficiency().mfu().datasheet();
    if (sensors == null
        || sensors.throttleReasons().isEmpty()
        || adjusted == null
        || datasheet == null
        || adjusted < 1.05 * datasheet) {
      return Optional.empty();
    }
    double lost = 1 - datasheet / adjusted;
    return advice(
        "Find out what limits the clock: " + String.join(", ", sensors.throttleReasons()),
        String.format(
            "The device ran at %s of the clock that its datasheet peak refers to, and reported the"
                + " reason.",
            Figures.percent(1 - lost)),
        upTo(lost) + " of compute-bound layers",
        lost * boundShare(result, Bound.COMPUTE));
  }

  /** Layers that reach far less of their roof than the others of their kind do. */
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
        result.layers().stream()
            .filter(other -> other.bound() != Bound.LAUNCH && !other.equals(layer))
            .map(Layer::rooflineEfficiency)
            .filter(Objects::nonNull)
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
    return advice(
        "Look at " + Cut.name(layer.name()) + ", far under its roof",
        String.format(
            "It takes %s of the time and reaches %s of its roof; the median of the other %s"
                + " layers is %s. Its kernel is %s.",
            Figures.percent(share),
            Figures.percent(efficiency),
            others.size(),
            Figures.percent(usual),
            Cut.name(layer.kernel().algorithm())),
        upTo(saved) + " if it did as well as the others",
        saved);
  }

  private static String upTo(double share) {
    return "up to " + Figures.percent(share) + " of the time";
  }

  private static Optional<Advice> advice(
      String title, String evidence, String gain, double savedShare) {
    return Optional.of(new Advice(title, evidence, gain, savedShare));
  }
}
