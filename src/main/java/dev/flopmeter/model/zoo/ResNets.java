package dev.flopmeter.model.zoo;

/**
 * Residual networks (He et al. 2015) as torchvision defines them: version 1.5, the stride of a
 * bottleneck on its 3x3 convolution; ResNeXt (Xie 2016) and wide ones (Zagoruyko 2016) with them.
 */
final class ResNets {
  private ResNets() {}

  /**
   * Numbers: the groups of a bottleneck's 3x3 convolution (0 for basic blocks); its width at the
   * first stage; the blocks of each stage.
   */
  static void build(NetworkBuilder net, Plan plan) {
    long groups = plan.number(0);
    long[] depths = plan.from(2);
    String x = net.conv("conv1", net.input(0), 64, 7, 2, 3, 1);
    x = net.relu("relu", net.batchNorm("bn1", x));
    x = net.maxPool("maxpool", x, 3, 2, 1, false);
    for (int stage = 0; stage < depths.length; stage++) {
      long width = 64L << stage;
      long inner = width * plan.number(1) / 64 * groups;
      for (int block = 0; block < depths[stage]; block++) {
        String name = "layer" + (stage + 1) + "." + block;
        long stride = stage > 0 && block == 0 ? 2 : 1;
        x =
            groups == 0
                ? block(net, name, x, new long[] {width, 3, stride, 1}, new long[] {width, 3, 1, 1})
                : block(
                    net,
                    name,
                    x,
                    new long[] {inner, 1, 1, 1},
                    new long[] {inner, 3, stride, groups},
                    new long[] {4 * width, 1, 1, 1});
      }
    }
    Blocks.classify(net, "fc", x);
  }

  /** Convolutions, each given by width, kernel, stride and groups, and the shortcut. */
  private static String block(NetworkBuilder net, String name, String x, long[]... convs) {
    String y = x;
    long stride = 1;
    for (int i = 1; i <= convs.length; i++) {
      long[] conv = convs[i - 1];
      stride *= conv[2];
      y = net.conv(name + ".conv" + i, y, conv[0], conv[1], conv[2], conv[1] / 2, conv[3]);
      boolean isLast = i == convs.length;
      y = net.batchNorm(name + ".bn" + i, y, isLast ? Norm.PLAIN.ending() : Norm.PLAIN);
      y = isLast ? net.add(name + ".add", y, shortcut(net, name, x, conv[0], stride)) : y;
      y = net.relu(name + ".relu" + i, name + ".relu", y);
    }
    return y;
  }

  private static String shortcut(NetworkBuilder net, String name, String x, long out, long stride) {
    if (stride == 1 && net.channels(x) == out) {
      return x;
    }
    return new Sequence(net, name + ".downsample", x)
        .conv(out, 1, stride, 1)
        .norm(Norm.PLAIN)
        .value();
  }
}
