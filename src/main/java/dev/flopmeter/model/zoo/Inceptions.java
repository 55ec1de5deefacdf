package dev.flopmeter.model.zoo;

import static dev.flopmeter.model.zoo.ActivationLayer.FUNCTIONAL_RELU;

import dev.flopmeter.model.zoo.NetworkBuilder.ConvShape;

/**
 * GoogLeNet (Szegedy et al. 2014) with batch normalisation and Inception v3 (2015), for inference:
 * without the auxiliary heads of the training.
 */
final class Inceptions {
  private Inceptions() {}

  private static final Norm NORM = new Norm(1e-3, 1);

  /**
   * A convolution, its normalisation and its activation.
   *
   * @param shape channels, height (1) and width of the kernel (its height), stride (1), and a 0 for
   *     a convolution without padding though its stride is 1
   */
  private static String conv(NetworkBuilder net, String name, String x, long... shape) {
    long out = shape[0];
    long height = shape.length > 1 ? shape[1] : 1;
    long width = shape.length > 2 ? shape[2] : height;
    long stride = shape.length > 3 ? shape[3] : 1;
    boolean pads = stride == 1 && shape.length < 5;
    long top = pads ? height / 2 : 0;
    long left = pads ? width / 2 : 0;
    return conv(net, name, x, new ConvShape(out, height, width, stride, top, left, 1, false));
  }

  private static String conv(NetworkBuilder net, String name, String x, ConvShape shape) {
    String y = net.batchNorm(name + ".bn", net.conv(name + ".conv", x, shape), NORM);
    return FUNCTIONAL_RELU.add(net, name + ".relu", y);
  }

  /**
   * GoogLeNet. Numbers: the modules of each stage. Per module: the widths of its branches 1x1; 1x1,
   * 3x3; 1x1, 3x3; pool, 1x1.
   */
  static void googLeNet(NetworkBuilder net, Plan plan) {
    String x = conv(net, "conv1", net.input(0), new ConvShape(64, 7, 7, 2, 3, 3, 1, false));
    x = net.maxPool("maxpool1", x, 3, 2, 0, true);
    x = conv(net, "conv3", conv(net, "conv2", x, 64), 192, 3);
    x = net.maxPool("maxpool2", x, 3, 2, 0, true);
    int at = 0;
    for (int stage = 0; stage < plan.whole().length; stage++) {
      if (stage > 0) {
        x = net.maxPool("maxpool" + (stage + 2), x, stage == 1 ? 3 : 2, 2, 0, true);
      }
      for (int i = 0; i < plan.number(stage); i++) {
        String name = "inception" + (stage + 3) + "abcde".charAt(i);
        x = module(net, name, x, plan.stages().get(at++));
      }
    }
    Blocks.classify(net, "fc", x);
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

  static void inceptionV3(NetworkBuilder net) {
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
    Blocks.classify(net, "fc", x);
  }

  /** A chain of convolutions, named {@code name_1}, {@code name_2} and so on. */
  private static String chain(NetworkBuilder net, String name, String x, long[]... shapes) {
    String y = x;
    for (int i = 0; i < shapes.length; i++) {
      y = conv(net, name + "_" + (i + 1), y, shapes[i]);
    }
    return y;
  }

  /** The branch that starts with a 3x3 average pooling, called as a function. */
  private static String pooled(NetworkBuilder net, String name, String x, long out) {
    return conv(
        net, name + ".branch_pool", net.averagePool(name + ".avg_pool", "", x, 3, 1, 1), out);
  }

  private static String maximum(NetworkBuilder net, String name, String x) {
    return net.pool("MaxPool", name + ".max_pool", "", x, 3, 2, 0);
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
