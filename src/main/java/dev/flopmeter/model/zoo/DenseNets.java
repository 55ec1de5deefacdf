package dev.flopmeter.model.zoo;

import static dev.flopmeter.model.zoo.ActivationLayer.FUNCTIONAL_RELU;

/** DenseNet (Huang et al. 2016): every layer reads all layers before it. */
final class DenseNets {
  private DenseNets() {}

  /** Numbers: the growth rate; the first width; the layers of each block. */
  static void build(NetworkBuilder net, Plan plan) {
    long growth = plan.number(0);
    long[] depths = plan.from(2);
    String x = net.conv("features.conv0", net.input(0), plan.number(1), 7, 2, 3, 1);
    x = net.relu("features.relu0", net.batchNorm("features.norm0", x));
    x = net.maxPool("features.pool0", x, 3, 2, 1, false);
    for (int block = 1; block <= depths.length; block++) {
      for (int layer = 1; layer <= depths[block - 1]; layer++) {
        String name = "features.denseblock" + block + ".denselayer" + layer;
        String y = normReluConv(net, name, "1", x, 4 * growth, 1);
        x = net.concat(name, 1, x, normReluConv(net, name, "2", y, growth, 3));
      }
      if (block < depths.length) {
        String name = "features.transition" + block;
        String y = normReluConv(net, name, "", x, net.channels(x) / 2, 1);
        x = net.averagePool(name + ".pool", "AvgPool2d", y, 2, 2, 0);
      }
    }
    x = FUNCTIONAL_RELU.add(net, "relu", net.batchNorm("features.norm5", x));
    x = net.flatten("flatten", net.op("GlobalAveragePool", "avgpool", x));
    net.output(net.linear("classifier", x, 1000));
  }

  private static String normReluConv(
      NetworkBuilder net, String name, String number, String x, long out, long kernel) {
    String y = net.batchNorm(name + ".norm" + number, x);
    y = net.relu(name + ".relu" + number, y);
    return net.conv(name + ".conv" + number, y, out, kernel, 1, kernel / 2, 1);
  }
}
