package dev.flopmeter.model.zoo;

import static dev.flopmeter.model.zoo.ActivationLayer.HARDSIGMOID;
import static dev.flopmeter.model.zoo.ActivationLayer.HARDSWISH;
import static dev.flopmeter.model.zoo.ActivationLayer.NONE;
import static dev.flopmeter.model.zoo.ActivationLayer.RELU;
import static dev.flopmeter.model.zoo.ActivationLayer.RELU6;
import static dev.flopmeter.model.zoo.Blocks.convNorm;
import static dev.flopmeter.model.zoo.Blocks.divisible;
import static dev.flopmeter.model.zoo.Blocks.squeezeExcite;

import dev.flopmeter.model.zoo.Blocks.Norm;
import java.util.List;

/** MobileNet v2 (Sandler 2018) and v3 (Howard 2019), MNASNet (Tan 2018): inverted residuals. */
final class MobileNets {
  private MobileNets() {}

  static void addTo(List<ZooModel> models) {
    models.add(
        new ZooModel("mobilenet_v2", "MobileNet v2", Blocks.image(224), MobileNets::mobileNetV2));
    models.add(
        new ZooModel(
            "mobilenet_v3_large",
            "MobileNet v3, large",
            Blocks.image(224),
            net -> mobileNetV3(net, LARGE, 960, 1280)));
    models.add(
        new ZooModel(
            "mobilenet_v3_small",
            "MobileNet v3, small",
            Blocks.image(224),
            net -> mobileNetV3(net, SMALL, 576, 1024)));
    for (String alpha : List.of("0_5", "0_75", "1_0", "1_3")) {
      double factor = Double.parseDouble(alpha.replace('_', '.'));
      models.add(
          new ZooModel(
              "mnasnet" + alpha,
              "MNASNet of width " + alpha.replace('_', '.'),
              Blocks.image(224),
              net -> mnasNet(net, factor)));
    }
  }

  /** Expansion, width, repeats, first stride. */
  private static final long[][] V2 = {
    {1, 16, 1, 1},
    {6, 24, 2, 2},
    {6, 32, 3, 2},
    {6, 64, 4, 2},
    {6, 96, 3, 1},
    {6, 160, 3, 2},
    {6, 320, 1, 1}
  };

  private static void mobileNetV2(NetworkBuilder net) {
    Norm norm = Norm.PLAIN;
    String x = convNorm(net, "features.0", net.input(0), norm, RELU6, 32, 3, 2);
    int at = 1;
    for (long[] row : V2) {
      for (int i = 0; i < row[2]; i++) {
        String name = "features." + at++ + ".conv";
        long stride = i == 0 ? row[3] : 1;
        long in = net.channels(x);
        String y = x;
        int part = 0;
        if (row[0] != 1) {
          y = convNorm(net, name + "." + part++, y, norm, RELU6, row[0] * in, 1, 1);
        }
        long wide = net.channels(y);
        y = convNorm(net, name + "." + part++, y, norm, RELU6, wide, 3, stride, wide);
        y = net.conv(name + "." + part++, y, row[1], 1, 1, 0, 1);
        y = net.residualNorm(name + "." + part, y);
        x = stride == 1 && in == row[1] ? net.add(name + ".add", x, y) : y;
      }
    }
    x = convNorm(net, "features.18", x, norm, RELU6, 1280, 1, 1);
    x = net.flatten("flatten", net.functionalGlobalPool("avgpool", x));
    net.output(net.linear("classifier.1", x, 1000));
  }

  /** Kernel, expanded width, width, squeeze-excite, hard swish, stride. */
  private static final long[][] LARGE = {
    {3, 16, 16, 0, 0, 1}, {3, 64, 24, 0, 0, 2}, {3, 72, 24, 0, 0, 1}, {5, 72, 40, 1, 0, 2},
    {5, 120, 40, 1, 0, 1}, {5, 120, 40, 1, 0, 1}, {3, 240, 80, 0, 1, 2}, {3, 200, 80, 0, 1, 1},
    {3, 184, 80, 0, 1, 1}, {3, 184, 80, 0, 1, 1}, {3, 480, 112, 1, 1, 1}, {3, 672, 112, 1, 1, 1},
    {5, 672, 160, 1, 1, 2}, {5, 960, 160, 1, 1, 1}, {5, 960, 160, 1, 1, 1}
  };

  private static final long[][] SMALL = {
    {3, 16, 16, 1, 0, 2}, {3, 72, 24, 0, 0, 2}, {3, 88, 24, 0, 0, 1}, {5, 96, 40, 1, 1, 2},
    {5, 240, 40, 1, 1, 1}, {5, 240, 40, 1, 1, 1}, {5, 120, 48, 1, 1, 1}, {5, 144, 48, 1, 1, 1},
    {5, 288, 96, 1, 1, 2}, {5, 576, 96, 1, 1, 1}, {5, 576, 96, 1, 1, 1}
  };

  private static void mobileNetV3(NetworkBuilder net, long[][] rows, long last, long hidden) {
    Norm norm = new Norm(1e-3, 1);
    String x = convNorm(net, "features.0", net.input(0), norm, HARDSWISH, 16, 3, 2);
    for (int i = 0; i < rows.length; i++) {
      long[] row = rows[i];
      String name = "features." + (i + 1) + ".block";
      ActivationLayer act = row[4] == 1 ? HARDSWISH : RELU;
      long in = net.channels(x);
      int part = 0;
      String y = x;
      if (row[1] != in) {
        y = convNorm(net, name + "." + part++, y, norm, act, row[1], 1, 1);
      }
      y = convNorm(net, name + "." + part++, y, norm, act, row[1], row[0], row[5], row[1]);
      if (row[3] == 1) {
        y =
            squeezeExcite(
                net, name + "." + part++, y, divisible(0.25 * row[1], 8), RELU, HARDSIGMOID);
      }
      y = convNorm(net, name + "." + part, y, norm.ending(), NONE, row[2], 1, 1);
      x = row[5] == 1 && in == row[2] ? net.add(name + ".add", x, y) : y;
    }
    String name = "features." + (rows.length + 1);
    x = convNorm(net, name, x, norm, HARDSWISH, last, 1, 1);
    x = net.flatten("flatten", net.globalAveragePool("avgpool", x));
    x = HARDSWISH.add(net, "classifier.1", net.linear("classifier.0", x, hidden));
    net.output(net.linear("classifier.3", x, 1000));
  }

  /** Kernel, first stride, expansion, repeats. */
  private static final long[][] MNAS = {
    {3, 2, 3, 3}, {5, 2, 3, 3}, {5, 2, 6, 3}, {3, 1, 6, 2}, {5, 2, 6, 4}, {3, 1, 6, 1}
  };

  private static final long[] MNAS_WIDTHS = {32, 16, 24, 40, 80, 96, 192, 320};

  private static void mnasNet(NetworkBuilder net, double alpha) {
    long[] widths = new long[MNAS_WIDTHS.length];
    for (int i = 0; i < widths.length; i++) {
      widths[i] = divisible(MNAS_WIDTHS[i] * alpha, 8);
    }
    String x = net.conv("layers.0", net.input(0), widths[0], 3, 2, 1, 1);
    x = net.relu("layers.2", net.batchNorm("layers.1", x));
    x = net.conv("layers.3", x, widths[0], 3, 1, 1, widths[0]);
    x = net.relu("layers.5", net.batchNorm("layers.4", x));
    x = net.residualNorm("layers.7", net.conv("layers.6", x, widths[1], 1, 1, 0, 1));
    for (int stack = 0; stack < MNAS.length; stack++) {
      long[] row = MNAS[stack];
      for (int i = 0; i < row[3]; i++) {
        String name = "layers." + (stack + 8) + "." + i + ".layers";
        long in = net.channels(x);
        long wide = in * row[2];
        String y = net.conv(name + ".0", x, wide, 1, 1, 0, 1);
        y = net.relu(name + ".2", net.batchNorm(name + ".1", y));
        y = net.conv(name + ".3", y, wide, row[0], i == 0 ? row[1] : 1, row[0] / 2, wide);
        y = net.relu(name + ".5", net.batchNorm(name + ".4", y));
        y = net.conv(name + ".6", y, widths[stack + 2], 1, 1, 0, 1);
        y = net.residualNorm(name + ".7", y);
        x = i > 0 ? net.add(name + ".add", y, x) : y;
      }
    }
    x = net.conv("layers.14", x, 1280, 1, 1, 0, 1);
    x = net.relu("layers.16", net.batchNorm("layers.15", x));
    net.output(net.linear("classifier.1", net.spatialMean("mean", x), 1000));
  }
}
