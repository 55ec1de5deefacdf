package dev.flopmeter.model.shape;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.TensorType;
import java.util.Optional;

/** What scales and zero points must be. */
public final class Quantization {
  /** Longer lists of scales, one a block of weights, are not looked through. */
  private static final long MOST_SCALES = 1 << 16;

  private Quantization() {}

  /**
   * Refuses a stored scale that is none.
   *
   * @throws ModelException if it holds NaN, infinity, or 0 where {@code mayBeZero} is false
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
      if (!Double.isFinite(scale) || (scale == 0 && !mayBeZero)) {
        throw new ModelException(
            "the scale '%s' (input %s) holds %s, not a finite number%s"
                .formatted(
                    in.node().inputs().get(index), index, scale, mayBeZero ? "" : " other than 0"));
      }
    }
  }

  /**
   * Refuses a zero point of another type than what it belongs to.
   *
   * @throws ModelException if both types are known and differ
   */
  public static void requireZeroPoint(Operands in, int quantized, int zeroPoint) {
    Optional<TensorType> type = in.knownType(quantized);
    Optional<TensorType> zero = in.knownType(zeroPoint);
    if (type.isPresent() && zero.isPresent() && type.get().type() != zero.get().type()) {
      throw new ModelException(
          "the zero point '%s' (input %s) is %s, but '%s' is %s"
              .formatted(
                  in.node().inputs().get(zeroPoint),
                  zeroPoint,
                  zero.get().type().label(),
                  in.node().inputs().get(quantized),
                  type.get().type().label()));
    }
  }

  /**
   * Both, for input {@code x} of an operator whose next two inputs are its scale and zero point.
   */
  static void require(Operands in, int x) {
    requireScale(in, x + 1, false);
    requireZeroPoint(in, x, x + 2);
  }
}
