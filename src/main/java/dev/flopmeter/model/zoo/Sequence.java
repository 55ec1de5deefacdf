package dev.flopmeter.model.zoo;

import static dev.flopmeter.model.zoo.ActivationLayer.RELU;

/** Layers one after the other, named {@code name.0}, {@code name.1} and so on. */
final class Sequence {
  private final NetworkBuilder net;
  private final String name;
  private String value;
  private int at;

  Sequence(NetworkBuilder net, String name, String input) {
    this.net = net;
    this.name = name;
    this.value = input;
  }

  /** What the last layer writes. */
  String value() {
    return value;
  }

  /** The name of the next layer; a layer that inference does not need takes one, too. */
  String next() {
    return name + "." + at++;
  }

  Sequence then(String written) {
    value = written;
    return this;
  }

  /** A convolution without bias, padded so that stride 1 keeps the size. */
  Sequence conv(long out, long kernel, long stride, long groups) {
    return then(net.conv(next(), value, out, kernel, stride, kernel / 2, groups));
  }

  /** A convolution of 1 x 1 without bias. */
  Sequence pointwise(long out) {
    return conv(out, 1, 1, 1);
  }

  /** A convolution without bias of each channel on its own. */
  Sequence depthwise(long kernel, long stride) {
    long channels = net.channels(value);
    return conv(channels, kernel, stride, channels);
  }

  Sequence biasedConv(long out, long kernel, long stride, long padding) {
    return then(net.biasedConv(next(), value, out, kernel, stride, padding));
  }

  Sequence norm(Norm norm) {
    return then(net.batchNorm(next(), value, norm));
  }

  Sequence normRelu() {
    return norm(Norm.PLAIN).relu();
  }

  Sequence relu() {
    return activation(RELU);
  }

  Sequence activation(ActivationLayer activation) {
    return then(activation.add(net, next(), value));
  }

  Sequence maxPool(long kernel, long stride, boolean ceil) {
    return then(net.maxPool(next(), value, kernel, stride, 0, ceil));
  }

  Sequence linear(long out) {
    return then(net.linear(next(), value, out));
  }
}
