package dev.flopmeter.model.zoo;

import java.util.List;

/** ShuffleNet v2 (Ma et al. 2018). */
final class ShuffleNets {
  private ShuffleNets() {}

  private static final int[] REPEATS = {4, 8, 4};

  static void addTo(List<ZooModel> models) {
    models.add(shuffle("0_5", 48, 96, 192, 1024));
    models.add(shuffle("1_0", 116, 232, 464, 1024));
    models.add(shuffle("1_5", 176, 352, 704, 1024));
    models.add(shuffle("2_0", 244, 488, 976, 2048));
  }

  private static ZooModel shuffle(String size, long... widths) {
    return new ZooModel(
        "shufflenet_v2_x" + size,
        "ShuffleNet v2 of width " + size.replace('_', '.'),
        Blocks.image(224),
        net -> build(net, widths));
  }

  private static void build(NetworkBuilder net, long[] widths) {
    String x = net.conv("conv1.0", net.input(0), 24, 3, 2, 1, 1);
    x = net.relu("conv1.2", net.batchNorm("conv1.1", x));
    x = net.maxPool("maxpool", x, 3, 2, 1, false);
    for (int stage = 0; stage < REPEATS.length; stage++) {
      for (int i = 0; i < REPEATS[stage]; i++) {
        String name = "stage" + (stage + 2) + "." + i;
        x = i == 0 ? down(net, name, x, widths[stage]) : unit(net, name, x, widths[stage]);
      }
    }
    x = net.conv("conv5.0", x, widths[3], 1, 1, 0, 1);
    x = net.relu("conv5.2", net.batchNorm("conv5.1", x));
    net.output(net.linear("fc", net.spatialMean("mean", x), 1000));
  }

  private static String down(NetworkBuilder net, String name, String x, long width) {
    String a = net.conv(name + ".branch1.0", x, net.channels(x), 3, 2, 1, net.channels(x));
    a = net.batchNorm(name + ".branch1.1", a, 1e-5, 0.7);
    a = net.conv(name + ".branch1.2", a, width / 2, 1, 1, 0, 1);
    a = net.relu(name + ".branch1.4", net.batchNorm(name + ".branch1.3", a));
    return shuffled(net, name, a, branch(net, name + ".branch2", x, width / 2, 2));
  }

  private static String unit(NetworkBuilder net, String name, String x, long width) {
    String a = net.slice(name + ".kept", x, 1, 0, width / 2, 1);
    String b = net.slice(name + ".changed", x, 1, width / 2, width, 1);
    return shuffled(net, name, a, branch(net, name + ".branch2", b, width / 2, 1));
  }

  private static String branch(NetworkBuilder net, String name, String x, long out, long stride) {
    String y = net.conv(name + ".0", x, out, 1, 1, 0, 1);
    y = net.relu(name + ".2", net.batchNorm(name + ".1", y));
    y = net.conv(name + ".3", y, out, 3, stride, 1, out);
    y = net.batchNorm(name + ".4", y, 1e-5, 0.7);
    y = net.conv(name + ".5", y, out, 1, 1, 0, 1);
    return net.relu(name + ".7", net.batchNorm(name + ".6", y));
  }

  /** Joined, then channels taken from both halves in turn. */
  private static String shuffled(NetworkBuilder net, String name, String a, String b) {
    String x = net.concat(name + ".concat", 1, a, b);
    long c = net.channels(x);
    long height = net.shape(x).dim(2);
    long width = net.shape(x).dim(3);
    long n = net.shape(x).dim(0);
    String y = net.reshape(name + ".halves", x, n, 2, c / 2, height, width);
    y = net.transpose(name + ".turns", y, 0, 2, 1, 3, 4);
    return net.reshape(name + ".shuffle", y, n, c, height, width);
  }
}
