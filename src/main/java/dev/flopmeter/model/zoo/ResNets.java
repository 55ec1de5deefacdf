package dev.flopmeter.model.zoo;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.ValueInfo;
import java.util.List;

/**
 * Residual networks (He et al. 2015) as torchvision defines them: version 1.5, the stride of a
 * bottleneck on its 3x3 convolution.
 */
final class ResNets {
  private ResNets() {}

  private static final List<ValueInfo> IMAGE =
      List.of(ValueInfo.of("input", TensorType.of(DataType.FLOAT, 1, 3, 224, 224)));

  static List<ZooModel> all() {
    return List.of(
        resnet("resnet18", false, 2, 2, 2, 2),
        resnet("resnet34", false, 3, 4, 6, 3),
        resnet("resnet50", true, 3, 4, 6, 3),
        resnet("resnet101", true, 3, 4, 23, 3),
        resnet("resnet152", true, 3, 8, 36, 3));
  }

  private static ZooModel resnet(String name, boolean bottleneck, int... depths) {
    String description =
        "residual network of "
            + name.substring("resnet".length())
            + " layers, 1000 classes, 224x224";
    return new ZooModel(name, description, IMAGE, network -> build(network, bottleneck, depths));
  }

  private static void build(NetworkBuilder net, boolean bottleneck, int[] depths) {
    String x = net.conv("conv1", net.input(0), 64, 7, 2, 3, 1);
    x = net.relu("relu", net.batchNorm("bn1", x));
    x = net.maxPool("maxpool", x, 3, 2, 1, false);
    for (int stage = 0; stage < depths.length; stage++) {
      long width = 64L << stage;
      for (int block = 0; block < depths[stage]; block++) {
        String name = "layer" + (stage + 1) + "." + block;
        long stride = stage > 0 && block == 0 ? 2 : 1;
        x =
            bottleneck
                ? bottleneck(net, name, x, width, stride)
                : basic(net, name, x, width, stride);
      }
    }
    x = net.flatten("flatten", net.globalAveragePool("avgpool", x));
    net.output(net.linear("fc", x, 1000));
  }

  private static String basic(NetworkBuilder net, String name, String x, long width, long stride) {
    String y = net.conv(name + ".conv1", x, width, 3, stride, 1, 1);
    y = net.relu(name + ".relu1", name + ".relu", net.batchNorm(name + ".bn1", y));
    y = net.conv(name + ".conv2", y, width, 3, 1, 1, 1);
    y = net.residualNorm(name + ".bn2", y);
    y = net.add(name + ".add", y, shortcut(net, name, x, width, stride));
    return net.relu(name + ".relu2", name + ".relu", y);
  }

  private static String bottleneck(
      NetworkBuilder net, String name, String x, long width, long stride) {
    String y = net.conv(name + ".conv1", x, width, 1, 1, 0, 1);
    y = net.relu(name + ".relu1", name + ".relu", net.batchNorm(name + ".bn1", y));
    y = net.conv(name + ".conv2", y, width, 3, stride, 1, 1);
    y = net.relu(name + ".relu2", name + ".relu", net.batchNorm(name + ".bn2", y));
    y = net.conv(name + ".conv3", y, 4 * width, 1, 1, 0, 1);
    y = net.residualNorm(name + ".bn3", y);
    y = net.add(name + ".add", y, shortcut(net, name, x, 4 * width, stride));
    return net.relu(name + ".relu3", name + ".relu", y);
  }

  private static String shortcut(NetworkBuilder net, String name, String x, long out, long stride) {
    if (stride == 1 && net.channels(x) == out) {
      return x;
    }
    String y = net.conv(name + ".downsample.0", x, out, 1, stride, 0, 1);
    return net.batchNorm(name + ".downsample.1", y);
  }
}
