package dev.flopmeter.model.zoo;

import static dev.flopmeter.model.zoo.ActivationLayer.NONE;
import static dev.flopmeter.model.zoo.ActivationLayer.SIGMOID;
import static dev.flopmeter.model.zoo.ActivationLayer.SILU;
import static dev.flopmeter.model.zoo.Blocks.convNorm;
import static dev.flopmeter.model.zoo.Blocks.divisible;
import static dev.flopmeter.model.zoo.Blocks.squeezeExcite;

import dev.flopmeter.model.zoo.Blocks.Norm;
import java.util.List;

/** EfficientNet (Tan and Le 2019) and EfficientNet v2 (2021). */
final class EfficientNets {
  private EfficientNets() {}

  /** Expansion, kernel, first stride, width, repeats; then 1 where the block is fused. */
  private static final long[][] BASE = {
    {1, 3, 1, 16, 1, 0},
    {6, 3, 2, 24, 2, 0},
    {6, 5, 2, 40, 2, 0},
    {6, 3, 2, 80, 3, 0},
    {6, 5, 1, 112, 3, 0},
    {6, 5, 2, 192, 4, 0},
    {6, 3, 1, 320, 1, 0}
  };

  private static final long[][] V2_S = {
    {1, 3, 1, 24, 2, 1},
    {4, 3, 2, 48, 4, 1},
    {4, 3, 2, 64, 4, 1},
    {4, 3, 2, 128, 6, 0},
    {6, 3, 1, 160, 9, 0},
    {6, 3, 2, 256, 15, 0}
  };

  private static final long[][] V2_M = {
    {1, 3, 1, 24, 3, 1},
    {4, 3, 2, 48, 5, 1},
    {4, 3, 2, 80, 5, 1},
    {4, 3, 2, 160, 7, 0},
    {6, 3, 1, 176, 14, 0},
    {6, 3, 2, 304, 18, 0},
    {6, 3, 1, 512, 5, 0}
  };

  private static final long[][] V2_L = {
    {1, 3, 1, 32, 4, 1},
    {4, 3, 2, 64, 7, 1},
    {4, 3, 2, 96, 7, 1},
    {4, 3, 2, 192, 10, 0},
    {6, 3, 1, 224, 19, 0},
    {6, 3, 2, 384, 25, 0},
    {6, 3, 1, 640, 7, 0}
  };

  static void addTo(List<ZooModel> models) {
    models.add(scaled("b0", 224, 1.0, 1.0));
    models.add(scaled("b1", 240, 1.0, 1.1));
    models.add(scaled("b2", 288, 1.1, 1.2));
    models.add(scaled("b3", 300, 1.2, 1.4));
    models.add(scaled("b4", 380, 1.4, 1.8));
    models.add(scaled("b5", 456, 1.6, 2.2));
    models.add(scaled("b6", 528, 1.8, 2.6));
    models.add(scaled("b7", 600, 2.0, 3.1));
    models.add(second("s", 384, 24, V2_S));
    models.add(second("m", 480, 24, V2_M));
    models.add(second("l", 480, 32, V2_L));
  }

  private static ZooModel scaled(String size, long image, double width, double depth) {
    long[][] rows = new long[BASE.length][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = BASE[i].clone();
      rows[i][3] = divisible(BASE[i][3] * width, 8);
      rows[i][4] = (long) Math.ceil(BASE[i][4] * depth);
    }
    long first = divisible(32 * width, 8);
    long last = 4 * rows[rows.length - 1][3];
    double epsilon = size.compareTo("b5") >= 0 ? 1e-3 : 1e-5;
    return new ZooModel(
        "efficientnet_" + size,
        "EfficientNet " + size + ", " + image + "x" + image,
        Blocks.image(image),
        net -> build(net, rows, first, last, epsilon));
  }

  private static ZooModel second(String size, long image, long first, long[][] rows) {
    return new ZooModel(
        "efficientnet_v2_" + size,
        "EfficientNet v2 " + size + ", " + image + "x" + image,
        Blocks.image(image),
        net -> build(net, rows, first, 1280, 1e-3));
  }

  private static void build(
      NetworkBuilder net, long[][] rows, long first, long last, double epsilon) {
    Norm norm = new Norm(epsilon, 1);
    String x = convNorm(net, "features.0", net.input(0), norm, SILU, first, 3, 2);
    for (int stage = 0; stage < rows.length; stage++) {
      long[] row = rows[stage];
      for (int i = 0; i < row[4]; i++) {
        String name = "features." + (stage + 1) + "." + i + ".block";
        long stride = i == 0 ? row[2] : 1;
        String y =
            row[5] == 1
                ? fused(net, name, x, row, stride, norm)
                : mobile(net, name, x, row, stride, norm);
        x = stride == 1 && net.channels(x) == row[3] ? net.add(name + ".add", y, x) : y;
      }
    }
    String name = "features." + (rows.length + 1);
    x = convNorm(net, name, x, norm, SILU, last, 1, 1);
    x = net.flatten("flatten", net.globalAveragePool("avgpool", x));
    net.output(net.linear("classifier.1", x, 1000));
  }

  private static String mobile(
      NetworkBuilder net, String name, String x, long[] row, long stride, Norm norm) {
    long in = net.channels(x);
    long wide = divisible((double) in * row[0], 8);
    int part = 0;
    String y = x;
    if (wide != in) {
      y = convNorm(net, name + "." + part++, y, norm, SILU, wide, 1, 1);
    }
    y = convNorm(net, name + "." + part++, y, norm, SILU, wide, row[1], stride, wide);
    y = squeezeExcite(net, name + "." + part++, y, Math.max(1, in / 4), SILU, SIGMOID);
    return convNorm(net, name + "." + part, y, norm.ending(), NONE, row[3], 1, 1);
  }

  private static String fused(
      NetworkBuilder net, String name, String x, long[] row, long stride, Norm norm) {
    long in = net.channels(x);
    long wide = divisible((double) in * row[0], 8);
    if (wide == in) {
      return convNorm(net, name + ".0", x, norm.ending(), SILU, row[3], row[1], stride);
    }
    String y = convNorm(net, name + ".0", x, norm, SILU, wide, row[1], stride);
    return convNorm(net, name + ".1", y, norm.ending(), NONE, row[3], 1, 1);
  }
}
