package dev.flopmeter.model.zoo;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.ValueInfo;
import java.util.List;

/** What several families are made of. */
final class Blocks {
  private Blocks() {}

  /** One image of three channels, {@code size} x {@code size}, declared with batch 1. */
  static List<ValueInfo> image(long size) {
    return List.of(ValueInfo.of("input", TensorType.of(DataType.FLOAT, 1, 3, size, size)));
  }

  /**
   * Convolution without bias, batch normalisation, activation, named {@code name.0}, {@code name.1}
   * and {@code name.2}; padded so that stride 1 keeps the size.
   */
  static String convNorm(
      NetworkBuilder net,
      String name,
      String x,
      Norm norm,
      ActivationLayer activation,
      long... shape) {
    long out = shape[0];
    long kernel = shape[1];
    long stride = shape[2];
    long groups = shape.length > 3 ? shape[3] : 1;
    String y = net.conv(name + ".0", x, out, kernel, stride, (kernel - 1) / 2, groups);
    y = net.batchNorm(name + ".1", y, norm.epsilon(), norm.scale());
    return activation.add(net, name + ".2", y);
  }

  /**
   * How a batch normalisation is set.
   *
   * @param scale where its stored scale lies; below 1 at the end of residual branches, so that
   *     activations of deep networks stay within float16's range
   */
  record Norm(double epsilon, double scale) {
    static final Norm PLAIN = new Norm(1e-5, 1);

    Norm ending() {
      return new Norm(epsilon, scale / 4);
    }
  }

  /** Squeeze and excitation (Hu et al. 2017): channels weighted by what their averages say. */
  static String squeezeExcite(
      NetworkBuilder net,
      String name,
      String x,
      long squeezed,
      ActivationLayer inner,
      ActivationLayer gate) {
    long channels = net.channels(x);
    String s = net.globalAveragePool(name + ".avgpool", x);
    s = inner.add(net, name + ".activation", net.biasedConv(name + ".fc1", s, squeezed, 1, 1, 0));
    s =
        gate.add(
            net, name + ".scale_activation", net.biasedConv(name + ".fc2", s, channels, 1, 1, 0));
    return net.multiply(name, x, s);
  }

  /** {@code value} as a multiple of {@code divisor}, the nearest that loses at most a tenth. */
  static long divisible(double value, long divisor) {
    long rounded = Math.max(divisor, (long) (value + divisor / 2.0) / divisor * divisor);
    return rounded < 0.9 * value ? rounded + divisor : rounded;
  }
}
