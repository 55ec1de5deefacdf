package dev.flopmeter.model.zoo;

import java.util.List;

/**
 * Residual networks (He et al. 2015) as torchvision defines them: version 1.5, the stride of a
 * bottleneck on its 3x3 convolution; ResNeXt (Xie 2016) and wide ones (Zagoruyko 2016) with them.
 */
final class ResNets {
  private ResNets() {}

  /** Layers per stage, groups of the 3x3 convolution, and its width at the first stage. */
  private record Plan(boolean bottleneck, long groups, long baseWidth, List<Integer> depths) {}

  static void addTo(List<ZooModel> models) {
    models.add(resnet("resnet18", new Plan(false, 1, 64, List.of(2, 2, 2, 2))));
    models.add(resnet("resnet34", new Plan(false, 1, 64, List.of(3, 4, 6, 3))));
    models.add(resnet("resnet50", new Plan(true, 1, 64, List.of(3, 4, 6, 3))));
    models.add(resnet("resnet101", new Plan(true, 1, 64, List.of(3, 4, 23, 3))));
    models.add(resnet("resnet152", new Plan(true, 1, 64, List.of(3, 8, 36, 3))));
    models.add(resnet("resnext50_32x4d", new Plan(true, 32, 4, List.of(3, 4, 6, 3))));
    models.add(resnet("resnext101_32x8d", new Plan(true, 32, 8, List.of(3, 4, 23, 3))));
    models.add(resnet("resnext101_64x4d", new Plan(true, 64, 4, List.of(3, 4, 23, 3))));
    models.add(resnet("wide_resnet50_2", new Plan(true, 1, 128, List.of(3, 4, 6, 3))));
    models.add(resnet("wide_resnet101_2", new Plan(true, 1, 128, List.of(3, 4, 23, 3))));
  }

  private static ZooModel resnet(String name, Plan plan) {
    String kind =
        name.startsWith("wide") ? "wide ResNet" : name.startsWith("resnext") ? "ResNeXt" : "ResNet";
    String layers = name.replaceFirst("^[a-z_]*([0-9]+).*", "$1");
    return new ZooModel(
        name, kind + " of " + layers + " layers", Blocks.image(224), net -> build(net, plan));
  }

  private static void build(NetworkBuilder net, Plan plan) {
    List<Integer> depths = plan.depths();
    String x = net.conv("conv1", net.input(0), 64, 7, 2, 3, 1);
    x = net.relu("relu", net.batchNorm("bn1", x));
    x = net.maxPool("maxpool", x, 3, 2, 1, false);
    for (int stage = 0; stage < depths.size(); stage++) {
      long width = 64L << stage;
      for (int block = 0; block < depths.get(stage); block++) {
        String name = "layer" + (stage + 1) + "." + block;
        long stride = stage > 0 && block == 0 ? 2 : 1;
        x =
            plan.bottleneck()
                ? bottleneck(net, name, x, width, stride, plan)
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
      NetworkBuilder net, String name, String x, long width, long stride, Plan plan) {
    long inner = width * plan.baseWidth() / 64 * plan.groups();
    String y = net.conv(name + ".conv1", x, inner, 1, 1, 0, 1);
    y = net.relu(name + ".relu1", name + ".relu", net.batchNorm(name + ".bn1", y));
    y = net.conv(name + ".conv2", y, inner, 3, stride, 1, plan.groups());
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
