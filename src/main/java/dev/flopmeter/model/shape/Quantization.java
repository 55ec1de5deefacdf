package dev.flopmeter.model.shape;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;

/** What scales and zero points must be. */
public final class Quantization {
  /** Longer lists of scales, one a block of weights, are not looked through. */
  private static final long MOST_SCALES = 1 << 16;

  private Quantization() {}

  /**
   * Refuses a stored scale that is none.
   *
   * @throws ModelException if it holds NaN, or 0 where {@code mayBeZero} is false; not at infinity,
   *     which ONNX Runtime's quantiser stores for scores that are masked with it
   */
  public static void requireScale(Operands in, int index, boolean mayBeZero) {
    in.type(index);
    if (in.value(index).filter(scale -> scale.elements() <= MOST_SCALES).isPresent()) {
      requireScales(in, index, mayBeZero);
    }
  }

  /** Of any number of scales that are stored. */
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
