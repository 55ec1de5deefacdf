package dev.flopmeter.model.zoo;

import static dev.flopmeter.model.zoo.ActivationLayer.RELU;

/** A chain of layers, named {@code name.0}, {@code name.1} and so on. */
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

  /** The output of the last layer. */
  String value() {
    return value;
  }

  /** Takes the name of the next layer, also for a layer that inference omits. */
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

  /** A depthwise convolution without bias. */
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
