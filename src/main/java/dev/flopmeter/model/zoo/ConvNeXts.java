package dev.flopmeter.model.zoo;

import static dev.flopmeter.model.zoo.ActivationLayer.GELU;

import java.util.List;

/** ConvNeXt (Liu et al. 2022). */
final class ConvNeXts {
  private ConvNeXts() {}

  private static final double EPSILON = 1e-6;

  static void addTo(List<ZooModel> models) {
    models.add(convNext("tiny", 96, 3, 3, 9, 3));
    models.add(convNext("small", 96, 3, 3, 27, 3));
    models.add(convNext("base", 128, 3, 3, 27, 3));
    models.add(convNext("large", 192, 3, 3, 27, 3));
  }

  private static ZooModel convNext(String size, long width, int... depths) {
    return new ZooModel(
        "convnext_" + size,
        "ConvNeXt, " + size,
        Blocks.image(224),
        net -> build(net, width, depths));
  }

  private static void build(NetworkBuilder net, long width, int[] depths) {
    String x = net.biasedConv("features.0.0", net.input(0), width, 4, 4, 0);
    x = norm(net, "features.0.1", x);
    int at = 1;
    for (int stage = 0; stage < depths.length; stage++) {
      if (stage > 0) {
        String name = "features." + at++;
        x = norm(net, name + ".0", x);
        x = net.biasedConv(name + ".1", x, width << stage, 2, 2, 0);
      }
      for (int i = 0; i < depths[stage]; i++) {
        x = block(net, "features." + at + "." + i, x);
      }
      at++;
    }
    x = norm(net, "classifier.0", net.globalAveragePool("avgpool", x));
    net.output(net.linear("classifier.2", net.flatten("classifier.1", x), 1000));
  }

  /** A layer normalisation over the channels: the axes turned, normalised, turned back. */
  private static String norm(NetworkBuilder net, String name, String x) {
    String y = net.transpose(name + ".last", x, 0, 2, 3, 1);
    y = net.layerNorm(name, "LayerNorm2d", y, EPSILON);
    return net.transpose(name + ".first", y, 0, 3, 1, 2);
  }

  private static String block(NetworkBuilder net, String name, String x) {
    long c = net.channels(x);
    String y =
        net.conv(name + ".block.0", x, new NetworkBuilder.ConvShape(c, 7, 7, 1, 3, 3, c, true));
    y = net.transpose(name + ".block.1", y, 0, 2, 3, 1);
    y = net.layerNorm(name + ".block.2", "LayerNorm", y, EPSILON);
    y = GELU.add(net, name + ".block.4", net.linear(name + ".block.3", y, 4 * c));
    y = net.transpose(name + ".block.6", net.linear(name + ".block.5", y, c), 0, 3, 1, 2);
    String scale = net.uniform(name + ".layer_scale", 0.05, 0.2, c, 1, 1);
    return net.add(name + ".add", net.multiply(name + ".scaled", scale, y), x);
  }
}
