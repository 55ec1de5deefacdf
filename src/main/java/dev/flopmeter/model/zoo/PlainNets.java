package dev.flopmeter.model.zoo;

/**
 * Networks without branches around a block: AlexNet (2014), VGG (Simonyan 2014), SqueezeNet
 * (Iandola 2016).
 */
final class PlainNets {
  private PlainNets() {}

  private static final long[] VGG_WIDTHS = {64, 128, 256, 512, 512};

  static void alexNet(NetworkBuilder net) {
    Sequence layers = new Sequence(net, "features", net.input(0));
    layers.biasedConv(64, 11, 4, 2).relu().maxPool(3, 2, false);
    layers.biasedConv(192, 5, 1, 2).relu().maxPool(3, 2, false);
    layers.biasedConv(384, 3, 1, 1).relu();
    layers.biasedConv(256, 3, 1, 1).relu();
    layers.biasedConv(256, 3, 1, 1).relu().maxPool(3, 2, false);
    classify(net, layers.value(), 6, 1);
  }

  /** Numbers: 1 for batch normalisation; the convolutions of each stage, before its pooling. */
  static void vgg(NetworkBuilder net, Plan plan) {
    boolean norms = plan.number(0) == 1;
    Sequence layers = new Sequence(net, "features", net.input(0));
    for (int stage = 0; stage < VGG_WIDTHS.length; stage++) {
      for (int i = 0; i < plan.number(stage + 1); i++) {
        layers.biasedConv(VGG_WIDTHS[stage], 3, 1, 1);
        if (norms) {
          layers.norm(Norm.PLAIN);
        }
        layers.relu();
      }
      layers.maxPool(2, 2, false);
    }
    classify(net, layers.value(), 7, 0);
  }

  /** Three fully connected layers; {@code first} is the number of the first of them. */
  private static void classify(NetworkBuilder net, String x, long size, int first) {
    x = net.flatten("flatten", net.adaptivePool("avgpool", x, size));
    for (int layer = first; layer < first + 6; layer += 3) {
      x = net.linear("classifier." + layer, x, 4096);
      x = net.relu("classifier." + (layer + 1), x);
    }
    net.output(net.linear("classifier.6", x, 1000));
  }

  /** Numbers: width and kernel of the first convolution; each fire's squeezed width, -1: pool. */
  static void squeezeNet(NetworkBuilder net, Plan plan) {
    Sequence layers = new Sequence(net, "features", net.input(0));
    layers.biasedConv(plan.number(0), plan.number(1), 2, 0).relu().maxPool(3, 2, true);
    for (long squeezed : plan.from(2)) {
      if (squeezed < 0) {
        layers.maxPool(3, 2, true);
      } else {
        layers.then(fire(net, layers.next(), layers.value(), squeezed));
      }
    }
    String x = net.biasedConv("classifier.1", layers.value(), 1000, 1, 1, 0);
    x = net.globalAveragePool("classifier.3", net.relu("classifier.2", x));
    net.output(net.flatten("flatten", x));
  }

  private static String fire(NetworkBuilder net, String name, String x, long squeezed) {
    String s = net.biasedConv(name + ".squeeze", x, squeezed, 1, 1, 0);
    s = net.relu(name + ".squeeze_activation", s);
    String a = net.biasedConv(name + ".expand1x1", s, 4 * squeezed, 1, 1, 0);
    String b = net.biasedConv(name + ".expand3x3", s, 4 * squeezed, 3, 1, 1);
    a = net.relu(name + ".expand1x1_activation", a);
    return net.concat(name, 1, a, net.relu(name + ".expand3x3_activation", b));
  }
}
