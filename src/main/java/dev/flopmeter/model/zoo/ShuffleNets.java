package dev.flopmeter.model.zoo;

/** ShuffleNet v2 (Ma et al. 2018). */
final class ShuffleNets {
  private ShuffleNets() {}

  private static final int[] REPEATS = {4, 8, 4};

  /** After a depthwise convolution, without an activation. */
  private static final Norm DEPTHWISE = new Norm(1e-5, 0.7);

  /** Numbers: the widths of the stages and of the last convolution. */
  static void build(NetworkBuilder net, Plan plan) {
    long[] widths = plan.from(0);
    String x = new Sequence(net, "conv1", net.input(0)).conv(24, 3, 2, 1).normRelu().value();
    x = net.maxPool("maxpool", x, 3, 2, 1, false);
    for (int stage = 0; stage < REPEATS.length; stage++) {
      for (int i = 0; i < REPEATS[stage]; i++) {
        String name = "stage" + (stage + 2) + "." + i;
        x = i == 0 ? down(net, name, x, widths[stage]) : unit(net, name, x, widths[stage]);
      }
    }
    x = new Sequence(net, "conv5", x).pointwise(widths[3]).normRelu().value();
    net.output(net.linear("fc", net.spatialMean("mean", x), 1000));
  }

  private static String down(NetworkBuilder net, String name, String x, long width) {
    Sequence a = new Sequence(net, name + ".branch1", x).depthwise(3, 2).norm(DEPTHWISE);
    a.pointwise(width / 2).normRelu();
    return shuffled(net, name, a.value(), branch(net, name, x, width / 2, 2));
  }

  private static String unit(NetworkBuilder net, String name, String x, long width) {
    String a = net.slice(name + ".kept", x, 1, 0, width / 2, 1);
    String b = net.slice(name + ".changed", x, 1, width / 2, width, 1);
    return shuffled(net, name, a, branch(net, name, b, width / 2, 1));
  }

  private static String branch(NetworkBuilder net, String name, String x, long out, long stride) {
    Sequence layers = new Sequence(net, name + ".branch2", x).pointwise(out).normRelu();
    layers.depthwise(3, stride).norm(DEPTHWISE);
    return layers.pointwise(out).normRelu().value();
  }

  /** Concatenates both halves and interleaves their channels. */
  private static String shuffled(NetworkBuilder net, String name, String a, String b) {
    String x = net.concat(name + ".concat", 1, a, b);
    long[] dims = net.shape(x).dims();
    String y = net.reshape(name + ".halves", x, dims[0], 2, dims[1] / 2, dims[2], dims[3]);
    y = net.transpose(name + ".turns", y, 0, 2, 1, 3, 4);
    return net.reshape(name + ".shuffle", y, dims);
  }
}
