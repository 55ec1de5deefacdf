package dev.flopmeter.model.zoo;

import static dev.flopmeter.model.zoo.ActivationLayer.GELU;
import static dev.flopmeter.model.zoo.ActivationLayer.NONE;

import org.jspecify.annotations.Nullable;

/** Blocks that several families share. */
final class Blocks {
  private Blocks() {}

  /**
   * Convolution without bias, batch normalisation, activation, named {@code name.0}, {@code name.1}
   * and {@code name.2}; padded so that stride 1 keeps the size.
   *
   * @param shape width, kernel, stride and, if not 1, groups
   */
  static String convNorm(
      NetworkBuilder net,
      String name,
      String x,
      Norm norm,
      ActivationLayer activation,
      long... shape) {
    return new Sequence(net, name, x)
        .conv(shape[0], shape[1], shape[2], shape.length > 3 ? shape[3] : 1)
        .norm(norm)
        .activation(activation)
        .value();
  }

  /**
   * Squeeze and excitation (Hu et al. 2017): channels weighted by a gate computed from their
   * averages.
   *
   * @param squeezed channels in the middle
   */
  record Excitation(long squeezed, ActivationLayer inner, ActivationLayer gate) {
    String add(NetworkBuilder net, String name, String x) {
      String s = net.globalAveragePool(name + ".avgpool", x);
      s = net.biasedConv(name + ".fc1", s, squeezed, 1, 1, 0);
      s = inner.add(net, name + ".activation", s);
      s = net.biasedConv(name + ".fc2", s, net.channels(x), 1, 1, 0);
      return net.multiply(name, x, gate.add(net, name + ".scale_activation", s));
    }
  }

  /**
   * An inverted residual (Sandler et al. 2018): channels expanded, filtered depthwise, weighted and
   * projected. The input is added if it has the shape of the result.
   *
   * @param wide channels in the middle
   * @param out channels of the result
   */
  record InvertedResidual(
      long wide,
      long out,
      long kernel,
      long stride,
      Norm norm,
      ActivationLayer activation,
      @Nullable Excitation excitation) {

    String add(NetworkBuilder net, String name, String x) {
      Sequence parts = new Sequence(net, name, x);
      if (wide != net.channels(x)) {
        convNorm(net, parts, norm, activation, wide, 1, 1);
      }
      convNorm(net, parts, norm, activation, wide, kernel, stride, wide);
      if (excitation != null) {
        parts.then(excitation.add(net, parts.next(), parts.value()));
      }
      convNorm(net, parts, norm.ending(), NONE, out, 1, 1);
      return residual(net, name, parts.value(), x, stride);
    }

    private static void convNorm(
        NetworkBuilder net, Sequence parts, Norm norm, ActivationLayer activation, long... shape) {
      parts.then(Blocks.convNorm(net, parts.next(), parts.value(), norm, activation, shape));
    }
  }

  /** Adds the block's input {@code x} to its result {@code y} if both have the same shape. */
  static String residual(NetworkBuilder net, String name, String y, String x, long stride) {
    return stride == 1 && net.channels(x) == net.channels(y) ? net.add(name + ".add", y, x) : y;
  }

  /** A multilayer perceptron of two layers whose hidden layer is four times as wide. */
  static String perceptron(NetworkBuilder net, String name, String x) {
    long width = net.shape(x).dim(-1);
    Sequence layers = new Sequence(net, name, x).linear(4 * width).activation(GELU);
    layers.next(); // the dropout
    return layers.linear(width).value();
  }

  /** Ends a network: global average pooling and a fully connected layer to 1000 classes. */
  static void classify(NetworkBuilder net, String name, String x) {
    x = net.flatten("flatten", net.globalAveragePool("avgpool", x));
    net.output(net.linear(name, x, 1000));
  }

  /** The multiple of {@code divisor} nearest to {@code value} that is at most a tenth below it. */
  static long divisible(double value, long divisor) {
    long rounded = Math.max(divisor, (long) (value + divisor / 2.0) / divisor * divisor);
    return rounded < 0.9 * value ? rounded + divisor : rounded;
  }
}
