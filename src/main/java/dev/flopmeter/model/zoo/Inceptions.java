package dev.flopmeter.model.zoo;

import static dev.flopmeter.model.zoo.ActivationLayer.FUNCTIONAL_RELU;

import dev.flopmeter.model.zoo.NetworkBuilder.ConvShape;
import java.util.List;

/**
 * GoogLeNet (Szegedy et al. 2014) with batch normalisation and Inception v3 (2015), as they are
 * used: without the auxiliary heads that only training has.
 */
final class Inceptions {
  private Inceptions() {}

  static void addTo(List<ZooModel> models) {
    models.add(
        new ZooModel(
            "googlenet", "GoogLeNet, Inception v1", Blocks.image(224), Inceptions::googLeNet));
    models.add(
        new ZooModel("inception_v3", "Inception v3", Blocks.image(299), Inceptions::inceptionV3));
  }

  private static String conv(NetworkBuilder net, String name, String x, long... shape) {
    long out = shape[0];
    long height = shape.length > 1 ? shape[1] : 1;
    long width = shape.length > 2 ? shape[2] : height;
    long stride = shape.length > 3 ? shape[3] : 1;
    boolean pads = stride == 1 && shape.length < 5;
    String y =
        net.conv(
            name + ".conv",
            x,
            new ConvShape(
                out, height, width, stride, pads ? height / 2 : 0, pads ? width / 2 : 0, 1, false));
    y = net.batchNorm(name + ".bn", y, 1e-3);
    return FUNCTIONAL_RELU.add(net, name + ".relu", y);
  }

  /** Branches 1x1; 1x1, 3x3; 1x1, 3x3; pool, 1x1. A row of 0 is a pool. */
  private static final long[][] MODULES = {
    {64, 96, 128, 16, 32, 32},
    {128, 128, 192, 32, 96, 64},
    {},
    {192, 96, 208, 16, 48, 64},
    {160, 112, 224, 24, 64, 64},
    {128, 128, 256, 24, 64, 64},
    {112, 144, 288, 32, 64, 64},
    {256, 160, 320, 32, 128, 128},
    {},
    {256, 160, 320, 32, 128, 128},
    {384, 192, 384, 48, 128, 128}
  };

  private static final String[] MODULE_NAMES = {
    "3a", "3b", "maxpool3", "4a", "4b", "4c", "4d", "4e", "maxpool4", "5a", "5b"
  };

  private static void googLeNet(NetworkBuilder net) {
    String x = net.conv("conv1.conv", net.input(0), new ConvShape(64, 7, 7, 2, 3, 3, 1, false));
    x = FUNCTIONAL_RELU.add(net, "conv1.relu", net.batchNorm("conv1.bn", x, 1e-3));
    x = net.maxPool("maxpool1", x, 3, 2, 0, true);
    x = conv(net, "conv3", conv(net, "conv2", x, 64), 192, 3);
    x = net.maxPool("maxpool2", x, 3, 2, 0, true);
    for (int i = 0; i < MODULES.length; i++) {
      String name = MODULE_NAMES[i];
      x =
          MODULES[i].length == 0
              ? net.maxPool(name, x, name.equals("maxpool3") ? 3 : 2, 2, 0, true)
              : module(net, "inception" + name, x, MODULES[i]);
    }
    x = net.flatten("flatten", net.globalAveragePool("avgpool", x));
    net.output(net.linear("fc", x, 1000));
  }

  private static String module(NetworkBuilder net, String name, String x, long[] widths) {
    String a = conv(net, name + ".branch1", x, widths[0]);
    String b = conv(net, name + ".branch2.0", x, widths[1]);
    b = conv(net, name + ".branch2.1", b, widths[2], 3);
    String c = conv(net, name + ".branch3.0", x, widths[3]);
    c = conv(net, name + ".branch3.1", c, widths[4], 3);
    String d = net.maxPool(name + ".branch4.0", x, 3, 1, 1, true);
    d = conv(net, name + ".branch4.1", d, widths[5]);
    return net.concat(name, 1, a, b, c, d);
  }

  private static void inceptionV3(NetworkBuilder net) {
    String x = conv(net, "Conv2d_1a_3x3", net.input(0), 32, 3, 3, 2);
    x = conv(net, "Conv2d_2a_3x3", x, 32, 3, 3, 1, 0);
    x = conv(net, "Conv2d_2b_3x3", x, 64, 3);
    x = net.maxPool("maxpool1", x, 3, 2, 0, false);
    x = conv(net, "Conv2d_3b_1x1", x, 80);
    x = conv(net, "Conv2d_4a_3x3", x, 192, 3, 3, 1, 0);
    x = net.maxPool("maxpool2", x, 3, 2, 0, false);
    x = moduleA(net, "Mixed_5b", x, 32);
    x = moduleA(net, "Mixed_5c", x, 64);
    x = moduleA(net, "Mixed_5d", x, 64);
    x = moduleB(net, "Mixed_6a", x);
    x = moduleC(net, "Mixed_6b", x, 128);
    x = moduleC(net, "Mixed_6c", x, 160);
    x = moduleC(net, "Mixed_6d", x, 160);
    x = moduleC(net, "Mixed_6e", x, 192);
    x = moduleD(net, "Mixed_7a", x);
    x = moduleE(net, "Mixed_7b", x);
    x = moduleE(net, "Mixed_7c", x);
    x = net.flatten("flatten", net.globalAveragePool("avgpool", x));
    net.output(net.linear("fc", x, 1000));
  }

  /** Convolutions one after the other, named {@code name_1}, {@code name_2} and so on. */
  private static String chain(NetworkBuilder net, String name, String x, long[]... shapes) {
    String y = x;
    for (int i = 0; i < shapes.length; i++) {
      y = conv(net, name + "_" + (i + 1), y, shapes[i]);
    }
    return y;
  }

  /** The branch that averages 3 x 3 neighbours, called as a function. */
  private static String pooled(NetworkBuilder net, String name, String x, long out) {
    return conv(
        net, name + ".branch_pool", net.averagePool(name + ".avg_pool", "", x, 3, 1, 1), out);
  }

  private static String maximum(NetworkBuilder net, String name, String x) {
    return net.pool("MaxPool", name + ".max_pool", "", x, 3, 2, 0, false);
  }

  private static String moduleA(NetworkBuilder net, String name, String x, long pool) {
    String a = conv(net, name + ".branch1x1", x, 64);
    String b = chain(net, name + ".branch5x5", x, new long[][] {{48}, {64, 5}});
    String c = chain(net, name + ".branch3x3dbl", x, new long[][] {{64}, {96, 3}, {96, 3}});
    return net.concat(name, 1, a, b, c, pooled(net, name, x, pool));
  }

  private static String moduleB(NetworkBuilder net, String name, String x) {
    String a = conv(net, name + ".branch3x3", x, 384, 3, 3, 2);
    String b = chain(net, name + ".branch3x3dbl", x, new long[][] {{64}, {96, 3}, {96, 3, 3, 2}});
    return net.concat(name, 1, a, b, maximum(net, name, x));
  }

  private static String moduleC(NetworkBuilder net, String name, String x, long c7) {
    String a = conv(net, name + ".branch1x1", x, 192);
    String b = chain(net, name + ".branch7x7", x, new long[][] {{c7}, {c7, 1, 7}, {192, 7, 1}});
    long[][] twice = {{c7}, {c7, 7, 1}, {c7, 1, 7}, {c7, 7, 1}, {192, 1, 7}};
    String c = chain(net, name + ".branch7x7dbl", x, twice);
    return net.concat(name, 1, a, b, c, pooled(net, name, x, 192));
  }

  private static String moduleD(NetworkBuilder net, String name, String x) {
    String a = chain(net, name + ".branch3x3", x, new long[][] {{192}, {320, 3, 3, 2}});
    long[][] long7 = {{192}, {192, 1, 7}, {192, 7, 1}, {192, 3, 3, 2}};
    String b = chain(net, name + ".branch7x7x3", x, long7);
    return net.concat(name, 1, a, b, maximum(net, name, x));
  }

  private static String moduleE(NetworkBuilder net, String name, String x) {
    String a = conv(net, name + ".branch1x1", x, 320);
    String b = split(net, name + ".branch3x3_2", conv(net, name + ".branch3x3_1", x, 384));
    String c = chain(net, name + ".branch3x3dbl", x, new long[][] {{448}, {384, 3}});
    c = split(net, name + ".branch3x3dbl_3", c);
    return net.concat(name, 1, a, b, c, pooled(net, name, x, 192));
  }

  private static String split(NetworkBuilder net, String name, String x) {
    String a = conv(net, name + "a", x, 384, 1, 3);
    String b = conv(net, name + "b", x, 384, 3, 1);
    return net.concat(name, 1, a, b);
  }
}
