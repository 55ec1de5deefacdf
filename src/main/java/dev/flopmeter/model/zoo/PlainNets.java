package dev.flopmeter.model.zoo;

import java.util.List;

/** Networks that are one chain: AlexNet (2014), VGG (Simonyan 2014), SqueezeNet (Iandola 2016). */
final class PlainNets {
  private PlainNets() {}

  /** Convolution widths of VGG's stages; a maximum pool ends each. */
  private static final long[][] VGG_DEPTHS = {
    {11, 1, 1, 2, 2, 2}, {13, 2, 2, 2, 2, 2}, {16, 2, 2, 3, 3, 3}, {19, 2, 2, 4, 4, 4}
  };

  private static final long[] VGG_WIDTHS = {64, 128, 256, 512, 512};

  static void addTo(List<ZooModel> models) {
    models.add(
        new ZooModel(
            "alexnet", "AlexNet, the one-column variant", Blocks.image(224), PlainNets::alexNet));
    for (long[] depths : VGG_DEPTHS) {
      for (boolean norms : new boolean[] {false, true}) {
        models.add(
            new ZooModel(
                "vgg" + depths[0] + (norms ? "_bn" : ""),
                "VGG of " + depths[0] + " layers" + (norms ? ", with batch normalisation" : ""),
                Blocks.image(224),
                net -> vgg(net, depths, norms)));
      }
    }
    models.add(
        new ZooModel(
            "squeezenet1_0", "SqueezeNet 1.0", Blocks.image(224), net -> squeeze(net, true)));
    models.add(
        new ZooModel(
            "squeezenet1_1", "SqueezeNet 1.1", Blocks.image(224), net -> squeeze(net, false)));
  }

  private static void alexNet(NetworkBuilder net) {
    String x = net.relu("features.1", net.biasedConv("features.0", net.input(0), 64, 11, 4, 2));
    x = net.maxPool("features.2", x, 3, 2, 0, false);
    x = net.relu("features.4", net.biasedConv("features.3", x, 192, 5, 1, 2));
    x = net.maxPool("features.5", x, 3, 2, 0, false);
    x = net.relu("features.7", net.biasedConv("features.6", x, 384, 3, 1, 1));
    x = net.relu("features.9", net.biasedConv("features.8", x, 256, 3, 1, 1));
    x = net.relu("features.11", net.biasedConv("features.10", x, 256, 3, 1, 1));
    x = net.maxPool("features.12", x, 3, 2, 0, false);
    x = net.flatten("flatten", net.adaptivePool("avgpool", x, 6));
    x = net.relu("classifier.2", net.linear("classifier.1", x, 4096));
    x = net.relu("classifier.5", net.linear("classifier.4", x, 4096));
    net.output(net.linear("classifier.6", x, 1000));
  }

  private static void vgg(NetworkBuilder net, long[] depths, boolean norms) {
    String x = net.input(0);
    int at = 0;
    for (int stage = 0; stage < VGG_WIDTHS.length; stage++) {
      for (int i = 0; i < depths[stage + 1]; i++) {
        x = net.biasedConv("features." + at++, x, VGG_WIDTHS[stage], 3, 1, 1);
        x = norms ? net.batchNorm("features." + at++, x) : x;
        x = net.relu("features." + at++, x);
      }
      x = net.maxPool("features." + at++, x, 2, 2, 0, false);
    }
    x = net.flatten("flatten", net.adaptivePool("avgpool", x, 7));
    x = net.relu("classifier.1", net.linear("classifier.0", x, 4096));
    x = net.relu("classifier.4", net.linear("classifier.3", x, 4096));
    net.output(net.linear("classifier.6", x, 1000));
  }

  /** Squeezed widths of the eight fire modules; -1 is a pool. */
  private static final long[] FIRES_1_0 = {16, 16, 32, -1, 32, 48, 48, 64, -1, 64};

  private static final long[] FIRES_1_1 = {16, 16, -1, 32, 32, -1, 48, 48, 64, 64};

  private static void squeeze(NetworkBuilder net, boolean isFirst) {
    String x =
        isFirst
            ? net.biasedConv("features.0", net.input(0), 96, 7, 2, 0)
            : net.biasedConv("features.0", net.input(0), 64, 3, 2, 0);
    x = net.relu("features.1", x);
    x = net.maxPool("features.2", x, 3, 2, 0, true);
    int at = 3;
    for (long squeezed : isFirst ? FIRES_1_0 : FIRES_1_1) {
      String name = "features." + at++;
      x = squeezed < 0 ? net.maxPool(name, x, 3, 2, 0, true) : fire(net, name, x, squeezed);
    }
    x = net.relu("classifier.2", net.biasedConv("classifier.1", x, 1000, 1, 1, 0));
    net.output(net.flatten("flatten", net.globalAveragePool("classifier.3", x)));
  }

  private static String fire(NetworkBuilder net, String name, String x, long squeezed) {
    long expanded = 4 * squeezed;
    String s = net.biasedConv(name + ".squeeze", x, squeezed, 1, 1, 0);
    s = net.relu(name + ".squeeze_activation", s);
    String a = net.biasedConv(name + ".expand1x1", s, expanded, 1, 1, 0);
    String b = net.biasedConv(name + ".expand3x3", s, expanded, 3, 1, 1);
    return net.concat(
        name,
        1,
        net.relu(name + ".expand1x1_activation", a),
        net.relu(name + ".expand3x3_activation", b));
  }
}
