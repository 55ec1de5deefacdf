package dev.flopmeter.model.decompose;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import java.util.List;
import java.util.Map;

/**
 * Complex numbers and Fourier transforms of the domain {@code com.microsoft} (source:
 * ContribOperators.md).
 */
final class SpectralOperators {
  private SpectralOperators() {}

  private static final String DOMAIN = "com.microsoft:";

  static void addTo(Map<String, Decomposition> all) {
    for (boolean isConjugated : new boolean[] {false, true}) {
      all.put(
          DOMAIN + (isConjugated ? "ComplexMulConj" : "ComplexMul"),
          Decomposition.of(
              "3 per number of out: two multiplies and an addition",
              b -> complexProduct(b, isConjugated)));
    }
    all.put(
        DOMAIN + "Rfft",
        Decomposition.of("as DFT", b -> b.add("DFT", signal(b), column(b, b.input(0)))));
    all.put(
        DOMAIN + "Irfft", Decomposition.of("as DFT of all numbers", SpectralOperators::realSignal));
  }

  /** Of numbers whose real and imaginary parts lie along the last axis. */
  private static String complexProduct(Body b, boolean isConjugated) {
    Attributes split = Attributes.of("axis", -1L, "num_outputs", 2L);
    List<String> x = b.add(2, "Split", split, b.input(0));
    List<String> y = b.add(2, "Split", split, b.input(1));
    String real = b.add("Mul", x.get(0), y.get(0));
    String imaginary = b.add("Mul", x.get(1), y.get(1));
    String straight = b.add("Mul", x.get(0), y.get(1));
    String crossed = b.add("Mul", x.get(1), y.get(0));
    return b.add(
        "Concat",
        Attributes.of("axis", -1L),
        b.add(isConjugated ? "Add" : "Sub", real, imaginary),
        isConjugated ? b.add("Sub", crossed, straight) : b.add("Add", straight, crossed));
  }

  private static Attributes signal(Body b) {
    boolean isPlain =
        b.attributes().integer("signal_ndim", 1) == 1
            && b.attributes().integer("normalized", 0) == 0;
    if (!isPlain) {
      throw new ModelException(
          "the attributes 'signal_ndim' and 'normalized' other than 1 and 0 are not supported");
    }
    return Attributes.of("onesided", b.attributes().integer("onesided", 1));
  }

  /** The real numbers of an even count that half a spectrum stands for. */
  private static String realSignal(Body b) {
    signal(b);
    Shape shape = b.shape(0);
    if (b.attributes().integer("onesided", 1) != 1
        || shape.rank() < 2
        || shape.dim(-1) != 2
        || shape.dim(-2) < 2) {
      throw new ModelException(
          "the input " + shape + " is not half a spectrum, or the attribute 'onesided' is not 1");
    }
    String axis = b.longs(-2);
    String back = b.longs(-1);
    String turned = b.add("Slice", b.input(0), b.longs(shape.dim(-2) - 2), b.longs(0), axis, back);
    String mirrored = b.add("Mul", turned, b.constant(Tensor.ofFloats(Shape.of(2), 1, -1)));
    String whole = b.add("Concat", Attributes.of("axis", -2L), b.input(0), mirrored);
    String complex = b.add("DFT", Attributes.of("inverse", 1L), whole);
    return b.add("Gather", Attributes.of("axis", -1L), complex, b.constant(Tensor.ofLong(0)));
  }

  /** Real numbers as a DFT takes them. */
  private static String column(Body b, String value) {
    return b.add("Unsqueeze", value, b.longs(-1));
  }
}
