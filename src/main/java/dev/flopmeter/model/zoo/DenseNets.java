package dev.flopmeter.model.zoo;

import static dev.flopmeter.model.zoo.ActivationLayer.FUNCTIONAL_RELU;

import java.util.List;

/** DenseNet (Huang et al. 2016): every layer reads all layers before it. */
final class DenseNets {
  private DenseNets() {}

  static void addTo(List<ZooModel> models) {
    models.add(densenet("densenet121", 32, 64, 6, 12, 24, 16));
    models.add(densenet("densenet161", 48, 96, 6, 12, 36, 24));
    models.add(densenet("densenet169", 32, 64, 6, 12, 32, 32));
    models.add(densenet("densenet201", 32, 64, 6, 12, 48, 32));
  }

  private static ZooModel densenet(String name, long growth, long first, int... depths) {
    return new ZooModel(
        name,
        "DenseNet of " + name.substring("densenet".length()) + " layers",
        Blocks.image(224),
        net -> build(net, growth, first, depths));
  }

  private static void build(NetworkBuilder net, long growth, long first, int[] depths) {
    String x = net.conv("features.conv0", net.input(0), first, 7, 2, 3, 1);
    x = net.relu("features.relu0", net.batchNorm("features.norm0", x));
    x = net.maxPool("features.pool0", x, 3, 2, 1, false);
    for (int block = 1; block <= depths.length; block++) {
      for (int layer = 1; layer <= depths[block - 1]; layer++) {
        String name = "features.denseblock" + block + ".denselayer" + layer;
        x = net.concat(name, 1, x, layer(net, name, x, growth));
      }
      if (block < depths.length) {
        String name = "features.transition" + block;
        String y = net.relu(name + ".relu", net.batchNorm(name + ".norm", x));
        y = net.conv(name + ".conv", y, net.channels(x) / 2, 1, 1, 0, 1);
        x = net.averagePool(name + ".pool", "AvgPool2d", y, 2, 2, 0);
      }
    }
    x = FUNCTIONAL_RELU.add(net, "relu", net.batchNorm("features.norm5", x));
    x = net.flatten("flatten", net.functionalGlobalPool("avgpool", x));
    net.output(net.linear("classifier", x, 1000));
  }

  private static String layer(NetworkBuilder net, String name, String x, long growth) {
    String y = net.relu(name + ".relu1", net.batchNorm(name + ".norm1", x));
    y = net.conv(name + ".conv1", y, 4 * growth, 1, 1, 0, 1);
    y = net.relu(name + ".relu2", net.batchNorm(name + ".norm2", y));
    return net.conv(name + ".conv2", y, growth, 3, 1, 1, 1);
  }
}
