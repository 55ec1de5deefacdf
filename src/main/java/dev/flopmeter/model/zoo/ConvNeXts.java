package dev.flopmeter.model.zoo;

import static dev.flopmeter.model.zoo.ActivationLayer.GELU;

import dev.flopmeter.model.zoo.NetworkBuilder.ConvShape;

/** ConvNeXt (Liu et al. 2022). */
final class ConvNeXts {
  private ConvNeXts() {}

  private static final double EPSILON = 1e-6;

  /** Numbers: the first width; the blocks of each stage. */
  static void build(NetworkBuilder net, Plan plan) {
    long width = plan.number(0);
    long[] depths = plan.from(1);
    String x = net.biasedConv("features.0.0", net.input(0), width, 4, 4, 0);
    x = norm(net, "features.0.1", x);
    for (int stage = 0; stage < depths.length; stage++) {
      if (stage > 0) {
        String name = "features." + 2 * stage;
        x = norm(net, name + ".0", x);
        x = net.biasedConv(name + ".1", x, width << stage, 2, 2, 0);
      }
      for (int i = 0; i < depths[stage]; i++) {
        x = block(net, "features." + (2 * stage + 1) + "." + i, x);
      }
    }
    x = norm(net, "classifier.0", net.globalAveragePool("avgpool", x));
    net.output(net.linear("classifier.2", net.flatten("classifier.1", x), 1000));
  }

  /** A layer normalisation over the channels: transposed, normalised, transposed back. */
  private static String norm(NetworkBuilder net, String name, String x) {
    String y = net.transpose(name + ".last", x, 0, 2, 3, 1);
    y = net.layerNorm(name, "LayerNorm2d", y, EPSILON);
    return net.transpose(name + ".first", y, 0, 3, 1, 2);
  }

  private static String block(NetworkBuilder net, String name, String x) {
    long c = net.channels(x);
    String y = net.conv(name + ".block.0", x, new ConvShape(c, 7, 7, 1, 3, 3, c, true));
    y = net.transpose(name + ".block.1", y, 0, 2, 3, 1);
    y = net.layerNorm(name + ".block.2", y, EPSILON);
    y = GELU.add(net, name + ".block.4", net.linear(name + ".block.3", y, 4 * c));
    y = net.transpose(name + ".block.6", net.linear(name + ".block.5", y, c), 0, 3, 1, 2);
    String scale = net.uniform(name + ".layer_scale", 0.05, 0.2, c, 1, 1);
    return net.add(name + ".add", net.multiply(name + ".scaled", scale, y), x);
  }
}
