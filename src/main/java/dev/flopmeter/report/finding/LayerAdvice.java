package dev.flopmeter.report.finding;

import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Channels;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.text.Cut;
import dev.flopmeter.units.Figures;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Recommendations on layers: one for all that are slow for the same reason. */
final class LayerAdvice {
  private final ProfileResult result;
  private final TestCommand test;
  private final Map<String, Group> groups = new LinkedHashMap<>();

  /**
   * @param known the share of its roofs that the run can reach, given what slows all of it
   */
  LayerAdvice(ProfileResult result, double known) {
    this.result = result;
    this.test = new TestCommand(result);
    for (int i = 0; i < result.layers().size(); i++) {
      Layer layer = result.layers().get(i);
      Cause cause = Cause.of(result, layer, i == 0, known);
      if (!cause.label().isEmpty()) {
        groups.computeIfAbsent(cause.label(), label -> new Group(cause)).add(layer, cause);
      }
    }
  }

  Stream<Advice> all() {
    return groups.values().stream().flatMap(this::advice);
  }

  private Stream<Advice> advice(Group group) {
    String label = group.cause.label();
    AdviceText text = words(group, label);
    double saved = group.saved();
    if (label.equals("weights")) {
      // Reading weights takes the time: use them for more inferences at once, or make them smaller.
      double smaller = 1 - 1.0 / result.run().precision().bytes();
      return Stream.concat(
          text.advise("weights", saved), text.advise("quantisation", smaller * saved));
    }
    boolean isUnfused = label.equals("unfused") && !result.run().fused();
    return text.advise(isUnfused ? "no fusion" : label, saved);
  }

  private AdviceText words(Group group, String label) {
    long batch = result.run().batch();
    AdviceText text =
        new AdviceText(result)
            .with("label", label)
            .with("take", group.take())
            .with("reach", group.reach())
            .with("operators", group.operators())
            .with("kernel", Cut.name(group.longest().kernel().algorithm()))
            .with("block", Cause.block(result))
            .with("bytes", result.run().precision().bytes())
            .with("other_layout", test.otherLayout())
            .with(
                "batches",
                label.equals("weights")
                    ? test.batch(2 * batch, 8 * batch)
                    : test.batch(8 * batch, 32 * batch));
    Channels channels = group.longest().channels();
    if (channels != null) {
      text.with("channels_in", channels.in()).with("channels_out", channels.out());
    }
    if (label.equals("last wave") || label.equals("few blocks")) {
      tiles(group, Objects.requireNonNull(Cause.tiles(result, group.longest())), text);
    }
    return text;
  }

  /** How blocks of threads fill the device now, and the batches with which they would fill it. */
  private void tiles(Group group, Tiles tiles, AdviceText text) {
    long batch = result.run().batch();
    double images = (double) batch * tiles.multiprocessors() / tiles.count();
    long full = (batch * tiles.multiprocessors() + tiles.count() - 1) / tiles.count();
    long fewer = Math.max(1, (long) ((tiles.waves() - 1) * images));
    long more = Math.max(1, (long) (tiles.waves() * images));
    double last = (double) tiles.count() / tiles.multiprocessors() - (tiles.waves() - 1);
    String cut =
        String.format(
            "In tiles of %s x %s, %s is %s blocks for %s multiprocessors",
            tiles.side(),
            tiles.side(),
            Cut.name(group.longest().name()),
            tiles.count(),
            tiles.multiprocessors());
    text.with("cut", cut)
        .with("full", full)
        .with("fewer", fewer)
        .with("more", more)
        .with("waves", tiles.waves())
        .with("last", Figures.percent(last))
        .with("batches", tiles.isLessThanOneWave() ? test.batch(full) : test.batch(fewer, more));
  }

  private final class Group {
    private final Cause cause;
    private final List<Layer> layers = new ArrayList<>();
    private double lostSeconds;

    Group(Cause cause) {
      this.cause = cause;
    }

    void add(Layer layer, Cause one) {
      layers.add(layer);
      lostSeconds += one.lostShare() * layer.time().median();
    }

    Layer longest() {
      return Collections.max(layers, Comparator.comparing(layer -> layer.time().median()));
    }

    double saved() {
      double all = Breakdown.seconds(result);
      return all > 0 ? lostSeconds / all : 0;
    }

    /** {@code 2 layers (such as conv1) take 31 % of the time}. */
    String take() {
      return String.format(
          "%s (such as %s) %s %s of the time",
          Verdict.count(layers.size(), "layer"),
          Cut.name(longest().name()),
          layers.size() == 1 ? "takes" : "take",
          Figures.percent(Breakdown.share(result, layers)));
    }

    /** {@code ... and reach 12 % of their roof}. */
    String reach() {
      double ideal =
          layers.stream()
              .mapToDouble(
                  layer ->
                      layer.time().median()
                          * Objects.requireNonNullElse(layer.rooflineEfficiency(), 0.0))
              .sum();
      double efficiency = ideal / Breakdown.seconds(layers);
      String verb = layers.size() == 1 ? " and reaches " : " and reach ";
      return take() + verb + Figures.percent(efficiency) + " of the roof";
    }

    String operators() {
      return layers.stream()
          .map(layer -> Breakdown.operator(layer.op()))
          .distinct()
          .limit(3)
          .map(Cut::name)
          .collect(Collectors.joining(", "));
    }
  }
}
