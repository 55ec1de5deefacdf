package dev.flopmeter.model.zoo;

import static dev.flopmeter.model.zoo.ActivationLayer.NONE;
import static dev.flopmeter.model.zoo.ActivationLayer.SIGMOID;
import static dev.flopmeter.model.zoo.ActivationLayer.SILU;
import static dev.flopmeter.model.zoo.Blocks.convNorm;
import static dev.flopmeter.model.zoo.Blocks.divisible;

import dev.flopmeter.model.zoo.Blocks.Excitation;
import dev.flopmeter.model.zoo.Blocks.InvertedResidual;
import java.util.List;

/** EfficientNet (Tan and Le 2019) and EfficientNet v2 (2021). */
final class EfficientNets {
  private EfficientNets() {}

  /** Per stage: expansion, kernel, first stride, width, repeats, and 1 if the blocks are fused. */
  private static final long[][] BASE = {
    {1, 3, 1, 16, 1, 0},
    {6, 3, 2, 24, 2, 0},
    {6, 5, 2, 40, 2, 0},
    {6, 3, 2, 80, 3, 0},
    {6, 5, 1, 112, 3, 0},
    {6, 5, 2, 192, 4, 0},
    {6, 3, 1, 320, 1, 0}
  };

  /**
   * Numbers: the factors of widths and depths; the first width; the epsilon of the normalisations;
   * the last width (0 for four times that of the last stage). Stages as in {@link #BASE}, which is
   * the default.
   */
  static void build(NetworkBuilder net, Plan plan) {
    List<long[]> rows = plan.stages().isEmpty() ? List.of(BASE) : plan.stages();
    Norm norm = new Norm(plan.real(3), 1);
    long first = divisible(plan.number(2) * plan.real(0), 8);
    String x = convNorm(net, "features.0", net.input(0), norm, SILU, first, 3, 2);
    for (int stage = 0; stage < rows.size(); stage++) {
      long[] row = rows.get(stage);
      long out = divisible(row[3] * plan.real(0), 8);
      for (int i = 0; i < Math.ceil(row[4] * plan.real(1)); i++) {
        String name = "features." + (stage + 1) + "." + i + ".block";
        long stride = i == 0 ? row[2] : 1;
        long in = net.channels(x);
        long wide = divisible((double) in * row[0], 8);
        Excitation excitation = new Excitation(Math.max(1, in / 4), SILU, SIGMOID);
        x =
            row[5] == 1
                ? fused(net, name, x, wide, out, row[1], stride, norm)
                : new InvertedResidual(wide, out, row[1], stride, norm, SILU, excitation)
                    .add(net, name, x);
      }
    }
    long last = plan.number(4) == 0 ? 4 * net.channels(x) : plan.number(4);
    x = convNorm(net, "features." + (rows.size() + 1), x, norm, SILU, last, 1, 1);
    Blocks.classify(net, "classifier.1", x);
  }

  /** A block in which one convolution replaces the expansion and the depthwise convolution. */
  private static String fused(
      NetworkBuilder net,
      String name,
      String x,
      long wide,
      long out,
      long kernel,
      long stride,
      Norm norm) {
    String y;
    if (wide == net.channels(x)) {
      y = convNorm(net, name + ".0", x, norm.ending(), SILU, out, kernel, stride);
    } else {
      y = convNorm(net, name + ".0", x, norm, SILU, wide, kernel, stride);
      y = convNorm(net, name + ".1", y, norm.ending(), NONE, out, 1, 1);
    }
    return Blocks.residual(net, name, y, x, stride);
  }
}
