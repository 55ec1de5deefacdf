package dev.flopmeter.model.shape;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;

/** Conditions on scales and zero points. */
public final class Quantization {
  /** Longer lists of scales, one per block of weights, are not checked. */
  private static final long MOST_SCALES = 1 << 16;

  private Quantization() {}

  /**
   * Rejects an invalid stored scale.
   *
   * @throws ModelException if it holds NaN, or 0 if {@code mayBeZero} is false; infinity is
   *     allowed, because ONNX Runtime's quantiser stores it for scores masked with it
   */
  public static void requireScale(Operands in, int index, boolean mayBeZero) {
    in.type(index);
    if (in.value(index).filter(scale -> scale.elements() <= MOST_SCALES).isPresent()) {
      requireScales(in, index, mayBeZero);
    }
  }

  /** For any number of stored scales. */
  public static void requireScales(Operands in, int index, boolean mayBeZero) {
    for (double scale : in.requireValue(index).toDoubles()) {
      boolean isMasked = scale == Double.POSITIVE_INFINITY && in.type(index).elements() == 1;
      if ((!Double.isFinite(scale) && !isMasked) || (scale == 0 && !mayBeZero)) {
        throw new ModelException(
            "the scale '%s' (input %s) holds %s, not a finite number%s"
                .formatted(
                    in.node().inputs().get(index), index, scale, mayBeZero ? "" : " other than 0"));
      }
    }
  }
}
