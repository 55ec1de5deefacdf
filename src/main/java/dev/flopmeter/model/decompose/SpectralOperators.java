package dev.flopmeter.model.decompose;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import java.util.List;

/**
 * Complex numbers and Fourier transforms of the domain {@code com.microsoft} (source:
 * ContribOperators.md).
 */
final class SpectralOperators {
  private SpectralOperators() {}

  static void addTo(BodyTable table) {
    for (boolean isConjugated : new boolean[] {false, true}) {
      table.put(
          isConjugated ? "ComplexMulConj" : "ComplexMul", b -> complexProduct(b, isConjugated));
    }
    table.put("Rfft", b -> b.add("DFT", signal(b), b.unsqueezed(b.input(0), -1)));
    table.put("Irfft", SpectralOperators::realSignal);
  }

  /** Of numbers whose real and imaginary parts lie along the last axis. */
  private static String complexProduct(Body b, boolean isConjugated) {
    List<String> x = b.split(2, -1, b.input(0));
    List<String> y = b.split(2, -1, b.input(1));
    String real = b.times(x.get(0), y.get(0));
    String imaginary = b.times(x.get(1), y.get(1));
    String straight = b.times(x.get(0), y.get(1));
    String crossed = b.times(x.get(1), y.get(0));
    return b.concat(
        -1,
        b.add(isConjugated ? "Add" : "Sub", real, imaginary),
        isConjugated ? b.minus(crossed, straight) : b.plus(straight, crossed));
  }

  private static Attributes signal(Body b) {
    boolean isPlain = b.integer("signal_ndim", 1) == 1 && b.integer("normalized", 0) == 0;
    if (!isPlain) {
      throw new ModelException(
          "the attributes 'signal_ndim' and 'normalized' other than 1 and 0 are not supported");
    }
    return Attributes.of("onesided", b.integer("onesided", 1));
  }

  /** The real numbers of an even count that half a spectrum stands for. */
  private static String realSignal(Body b) {
    signal(b);
    Shape shape = b.shape(0);
    if (b.integer("onesided", 1) != 1
        || shape.rank() < 2
        || shape.dim(-1) != 2
        || shape.dim(-2) < 2) {
      throw new ModelException(
          "the input " + shape + " is not half a spectrum, or the attribute 'onesided' is not 1");
    }
    String axis = b.longs(-2);
    String back = b.longs(-1);
    String turned = b.add("Slice", b.input(0), b.longs(shape.dim(-2) - 2), b.longs(0), axis, back);
    String mirrored = b.times(turned, b.constant(Tensor.ofFloats(Shape.of(2), 1, -1)));
    String whole = b.concat(-2, b.input(0), mirrored);
    String complex = b.add("DFT", Attributes.of("inverse", 1L), whole);
    return b.at(complex, -1, 0);
  }
}
