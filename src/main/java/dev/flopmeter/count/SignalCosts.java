package dev.flopmeter.count;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import java.util.Map;

/** Fourier transforms, by the usual count of a fast one: 5 n log2(n), n log2(n) rounded up. */
final class SignalCosts {
  private SignalCosts() {}

  static void addTo(Map<String, CostRule> rules) {
    rules.put(
        "DFT", CostRule.described("5 n log2(n) per transform of n values", SignalCosts::transform));
    rules.put(
        "STFT",
        CostRule.described(
            "5 n log2(n) + n per frame of n values: the transform and the window",
            SignalCosts::shortTime));
  }

  private static Work transform(Operands in) {
    Shape shape = in.output(0).shape();
    long axis =
        in.opset() >= 20
            ? in.value(2).map(value -> value.longAt(0)).orElse(-2L)
            : in.attributes().integer("axis", 1);
    long length = Math.max(in.shape(0).dim(in.shape(0).axis(axis)), shape.dim(shape.axis(axis)));
    long complex = Math.max(1, shape.dim(-1));
    long transforms = shape.elements() / complex / Math.max(1, shape.dim(shape.axis(axis)));
    return Work.flops(Sizes.multiply(transforms, fast(length)));
  }

  private static Work shortTime(Operands in) {
    Shape shape = in.output(0).shape();
    long frame = in.has(2) ? in.shape(2).elements() : in.requireValue(3).longAt(0);
    long frames = Sizes.multiply(shape.dim(0), shape.dim(1));
    return Work.flops(Sizes.multiply(frames, Sizes.add(fast(frame), frame)));
  }

  private static long fast(long n) {
    int log = n < 2 ? 0 : 64 - Long.numberOfLeadingZeros(n - 1);
    return Sizes.product(5, n, log);
  }
}
