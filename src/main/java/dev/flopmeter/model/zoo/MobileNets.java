package dev.flopmeter.model.zoo;

import static dev.flopmeter.model.zoo.ActivationLayer.HARDSIGMOID;
import static dev.flopmeter.model.zoo.ActivationLayer.HARDSWISH;
import static dev.flopmeter.model.zoo.ActivationLayer.RELU;
import static dev.flopmeter.model.zoo.ActivationLayer.RELU6;
import static dev.flopmeter.model.zoo.Blocks.convNorm;
import static dev.flopmeter.model.zoo.Blocks.divisible;

import dev.flopmeter.model.zoo.Blocks.Excitation;
import dev.flopmeter.model.zoo.Blocks.InvertedResidual;
import java.util.stream.LongStream;

/** MobileNet v2 (Sandler 2018) and v3 (Howard 2019), MNASNet (Tan 2018): inverted residuals. */
final class MobileNets {
  private MobileNets() {}

  /** Per stage: expansion, width, repeats, first stride. */
  static void mobileNetV2(NetworkBuilder net, Plan plan) {
    Norm norm = Norm.PLAIN;
    String x = convNorm(net, "features.0", net.input(0), norm, RELU6, 32, 3, 2);
    int at = 1;
    for (long[] row : plan.stages()) {
      for (int i = 0; i < row[2]; i++) {
        String name = "features." + at++ + ".conv";
        long stride = i == 0 ? row[3] : 1;
        long wide = row[0] * net.channels(x);
        Sequence parts = new Sequence(net, name, x);
        if (row[0] != 1) {
          parts.then(convNorm(net, parts.next(), x, norm, RELU6, wide, 1, 1));
        }
        String y = parts.value();
        parts.then(convNorm(net, parts.next(), y, norm, RELU6, wide, 3, stride, wide));
        y = parts.pointwise(row[1]).norm(norm.ending()).value();
        x = Blocks.residual(net, name, y, x, stride);
      }
    }
    x = convNorm(net, "features.18", x, norm, RELU6, 1280, 1, 1);
    x = net.flatten("flatten", net.op("GlobalAveragePool", "avgpool", x));
    net.output(net.linear("classifier.1", x, 1000));
  }

  /**
   * Numbers: the widths of the last convolution and of the hidden layer. Per block: kernel,
   * expanded width, width, 1 for an excitation, 1 for hard swish, stride.
   */
  static void mobileNetV3(NetworkBuilder net, Plan plan) {
    Norm norm = new Norm(1e-3, 1);
    String x = convNorm(net, "features.0", net.input(0), norm, HARDSWISH, 16, 3, 2);
    int at = 1;
    for (long[] row : plan.stages()) {
      ActivationLayer activation = row[4] == 1 ? HARDSWISH : RELU;
      long squeezed = divisible(0.25 * row[1], 8);
      Excitation excitation = row[3] == 1 ? new Excitation(squeezed, RELU, HARDSIGMOID) : null;
      x =
          new InvertedResidual(row[1], row[2], row[0], row[5], norm, activation, excitation)
              .add(net, "features." + at++ + ".block", x);
    }
    x = convNorm(net, "features." + at, x, norm, HARDSWISH, plan.number(0), 1, 1);
    x = net.flatten("flatten", net.globalAveragePool("avgpool", x));
    x = HARDSWISH.add(net, "classifier.1", net.linear("classifier.0", x, plan.number(1)));
    net.output(net.linear("classifier.3", x, 1000));
  }

  /** Per stage: kernel, first stride, expansion, repeats. */
  private static final long[][] MNAS = {
    {3, 2, 3, 3}, {5, 2, 3, 3}, {5, 2, 6, 3}, {3, 1, 6, 2}, {5, 2, 6, 4}, {3, 1, 6, 1}
  };

  private static final long[] MNAS_WIDTHS = {32, 16, 24, 40, 80, 96, 192, 320};

  /** Numbers: the factor of all widths. */
  static void mnasNet(NetworkBuilder net, Plan plan) {
    long[] widths =
        LongStream.of(MNAS_WIDTHS).map(width -> divisible(width * plan.real(0), 8)).toArray();
    Norm ending = Norm.PLAIN.ending();
    Sequence layers = new Sequence(net, "layers", net.input(0));
    layers.conv(widths[0], 3, 2, 1).normRelu().depthwise(3, 1).normRelu();
    layers.pointwise(widths[1]).norm(ending);
    for (int stack = 0; stack < MNAS.length; stack++) {
      long[] row = MNAS[stack];
      String name = layers.next();
      for (int i = 0; i < row[3]; i++) {
        String block = name + "." + i + ".layers";
        String x = layers.value();
        Sequence parts = new Sequence(net, block, x);
        parts.pointwise(net.channels(x) * row[2]).normRelu();
        parts.depthwise(row[0], i == 0 ? row[1] : 1).normRelu();
        String y = parts.pointwise(widths[stack + 2]).norm(ending).value();
        layers.then(i > 0 ? net.add(block + ".add", y, x) : y);
      }
    }
    String x = layers.pointwise(1280).normRelu().value();
    net.output(net.linear("classifier.1", net.spatialMean("mean", x), 1000));
  }
}
