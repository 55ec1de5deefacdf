package dev.flopmeter.report.finding;

import dev.flopmeter.report.finding.Advice.Kind;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Channels;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.text.Cut;
import dev.flopmeter.units.Figures;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Recommendations on layers: one for all that take too long for the same reason. */
final class LayerAdvice {
  private final ProfileResult result;
  private final TestCommand test;
  private final Map<String, List<Slow>> byLabel = new LinkedHashMap<>();

  /**
   * @param known the share of its roofs that the run can reach at best with what slows all of it
   */
  LayerAdvice(ProfileResult result, double known) {
    this.result = result;
    this.test = new TestCommand(result);
    for (int i = 0; i < result.layers().size(); i++) {
      Layer layer = result.layers().get(i);
      Cause cause = Cause.of(result, layer, i == 0, known);
      if (cause.kind() != null) {
        byLabel
            .computeIfAbsent(cause.label(), label -> new ArrayList<>())
            .add(new Slow(layer, cause));
      }
    }
  }

  private record Slow(Layer layer, Cause cause) {
    double lostSeconds() {
      return cause.lostShare() * layer.time().median();
    }
  }

  Stream<Advice> all() {
    return byLabel.values().stream().flatMap(this::advice);
  }

  private Stream<Advice> advice(List<Slow> some) {
    Group group = new Group(result, some);
    return switch (Objects.requireNonNull(some.get(0).cause.kind())) {
      case LAYOUT ->
          group.advice(
              "Keep one memory layout throughout",
              group.take() + " only to convert between memory layouts.",
              "",
              test.with("--layout " + (result.run().layout().equals("nhwc") ? "nchw" : "nhwc")));
      case TRANSPOSITIONS ->
          group.advice(
              "Export the model with fewer transpositions",
              group.take() + " only to transpose data.",
              ", if the layers around them take the data as it is",
              test.changedModel());
      case FUSION ->
          group.advice(
              result.run().fused()
                  ? "Fuse elementwise operators into the layers before them"
                  : "Let operators be fused (drop --no-fuse)",
              group.take()
                  + " only to read and write values that neighbouring layers have in registers or"
                  + " cache.",
              "",
              result.run().fused() ? test.otherRuntimes() : test.with(""));
      case GROUPS ->
          group.advice(
              "Avoid " + group.label() + " convolutions where time counts, or run them elsewhere",
              group.reach()
                  + ": a group reuses each value little, and kernels for it are seldom as good.",
              ", at the roof",
              test.otherRuntimes());
      case PRECISION ->
          group.advice(
              "Find out why layers run without tensor cores in " + result.run().precision(),
              group.reach() + ": their kernels compute with fused multiply-adds (fma).",
              ", at the roof",
              test.with("--search full"));
      case CHANNELS -> channels(group);
      case BATCH -> group.label().equals("launch") ? launches(group) : blocks(group);
      case WAVES -> waves(group);
      case QUANTISATION -> weights(group);
      default ->
          group.advice(
              "Compare with another runtime: " + group.operators(),
              group.reach()
                  + String.format(
                      ". Nothing in their shapes explains it, so the kernel is the likely reason"
                          + " (%s).",
                      Cut.name(group.longest().kernel().algorithm())),
              ", at the roof",
              test.otherRuntimes());
    };
  }

  private Stream<Advice> channels(Group group) {
    Channels example = Objects.requireNonNull(group.longest().channels());
    boolean isOdd = group.label().equals("odd channels");
    return group.advice(
        isOdd
            ? "Make channels a multiple of " + Cause.block(result)
            : "Give layers more channels, or merge them",
        String.format(
            isOdd
                ? "%s, and have other channel counts (%s in and %s out), which tensor cores in %s"
                    + " pad to a multiple."
                : "%s, with %s channels in and %s out: too few to fill the units that compute in"
                    + " %s.",
            isOdd ? group.take() : group.reach(),
            example.in(),
            example.out(),
            result.run().precision()),
        isOdd ? ", the share of their work that is padding" : ", at the roof",
        test.changedModel());
  }

  /** Layers shorter than a launch: more work per launch helps. */
  private Stream<Advice> launches(Group group) {
    long batch = result.run().batch();
    return group.advice(
        "Give each launch more work: a larger batch, or fewer, larger layers",
        group.take() + " at batch " + batch + ", and take less time to compute than to launch.",
        " an inference as the batch grows",
        test.batch(8 * batch, 32 * batch));
  }

  private Stream<Advice> blocks(Group group) {
    Tiles tiles = tiles(group);
    long batch = result.run().batch();
    long full = (batch * tiles.multiprocessors() + tiles.count() - 1) / tiles.count();
    return group.advice(
        "Use a larger batch to fill the device: about " + full,
        group.reach() + ". " + cut(group, tiles) + ", so most multiprocessors have nothing to do.",
        " an inference",
        test.batch(full));
  }

  private Stream<Advice> waves(Group group) {
    Tiles tiles = tiles(group);
    long batch = result.run().batch();
    double images = (double) batch * tiles.multiprocessors() / tiles.count();
    long fewer = Math.max(1, (long) ((tiles.waves() - 1) * images));
    long more = Math.max(1, (long) (tiles.waves() * images));
    return group.advice(
        "Fill the last wave of blocks: batch " + fewer + " or " + more,
        String.format(
            "%s. %s: %s waves, the last of them %s full.",
            group.reach(),
            cut(group, tiles),
            tiles.waves(),
            Figures.percent(
                (double) tiles.count() / tiles.multiprocessors() - (tiles.waves() - 1))),
        "",
        test.batch(fewer, more));
  }

  private Tiles tiles(Group group) {
    return Objects.requireNonNull(Cause.tiles(result, group.longest()));
  }

  private static String cut(Group group, Tiles tiles) {
    return String.format(
        "In tiles of %s x %s, %s is %s blocks for %s multiprocessors",
        tiles.side(),
        tiles.side(),
        Cut.name(group.longest().name()),
        tiles.count(),
        tiles.multiprocessors());
  }

  /**
   * Reading weights is what takes the time: read them for more inferences, or make them smaller.
   */
  private Stream<Advice> weights(Group group) {
    int bytes = result.run().precision().bytes();
    long batch = result.run().batch();
    String evidence = group.take() + " to read their weights from memory.";
    double smaller = 1 - 1.0 / bytes;
    return Stream.of(
        group.one(
            Kind.BATCH,
            "Use a larger batch, which reads the weights no more often",
            evidence,
            AdviceRules.upTo(group.saved()) + " an inference as the batch grows",
            test.batch(2 * batch, 8 * batch),
            group.saved()),
        group.one(
            Kind.QUANTISATION,
            "Quantise the weights to 8 bits",
            evidence + " In " + result.run().precision() + " each is " + bytes + " bytes.",
            AdviceRules.upTo(smaller * group.saved()) + ", if the answers stay good enough",
            test.changedModel(),
            smaller * group.saved()));
  }

  /** Layers with the same cause. */
  private record Group(ProfileResult result, List<Slow> some) {
    String label() {
      return some.get(0).cause.label();
    }

    List<Layer> layers() {
      return some.stream().map(Slow::layer).toList();
    }

    Layer longest() {
      return layers().stream()
          .max(Comparator.comparingDouble(layer -> layer.time().median()))
          .orElseThrow();
    }

    double saved() {
      double all = Breakdown.seconds(result);
      return all > 0 ? some.stream().mapToDouble(Slow::lostSeconds).sum() / all : 0;
    }

    /** {@code 2 layers (such as conv1) take 31 % of the time}. */
    String take() {
      return String.format(
          "%s (such as %s) %s %s of the time",
          Verdict.count(some.size(), "layer"),
          Cut.name(longest().name()),
          some.size() == 1 ? "takes" : "take",
          Figures.percent(Breakdown.share(result, layers())));
    }

    /** {@code ... and reach 12 % of their roof}. */
    String reach() {
      double ideal =
          layers().stream()
              .mapToDouble(
                  layer ->
                      layer.time().median()
                          * Objects.requireNonNullElse(layer.rooflineEfficiency(), 0.0))
              .sum();
      double efficiency = ideal / Breakdown.seconds(layers());
      String verb = some.size() == 1 ? " and reaches " : " and reach ";
      return take() + verb + Figures.percent(efficiency) + " of the roof";
    }

    String operators() {
      return layers().stream()
          .map(layer -> Breakdown.operator(layer.op()))
          .distinct()
          .limit(3)
          .map(Cut::name)
          .collect(Collectors.joining(", "));
    }

    Stream<Advice> advice(String title, String evidence, String condition, String command) {
      Kind kind = Objects.requireNonNull(some.get(0).cause.kind());
      String gain = AdviceRules.upTo(saved()) + condition;
      return Stream.of(one(kind, title, evidence, gain, command, saved()));
    }

    Advice one(
        Kind kind, String title, String evidence, String gain, String command, double saved) {
      return new Advice(kind, title, evidence, gain, command, some.get(0).cause.isGuess(), saved);
    }
  }
}
