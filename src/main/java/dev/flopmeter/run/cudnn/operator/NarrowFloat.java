package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.DataType;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.Optional;

/**
 * A float of 8 or 4 bits, whose values are stored as wider floats here.
 *
 * @param digits of the mantissa behind the point
 * @param lowest exponent of normal numbers
 * @param largest value
 * @param beyond what larger ones become where they do not saturate
 */
record NarrowFloat(int digits, int lowest, double largest, double beyond) {

  static Optional<NarrowFloat> of(DataType type) {
    return switch (type) {
      case FLOAT8E4M3FN -> Optional.of(new NarrowFloat(3, -6, 448, Double.NaN));
      case FLOAT8E4M3FNUZ -> Optional.of(new NarrowFloat(3, -7, 240, Double.NaN));
      case FLOAT8E5M2 -> Optional.of(new NarrowFloat(2, -14, 57344, Double.POSITIVE_INFINITY));
      case FLOAT8E5M2FNUZ -> Optional.of(new NarrowFloat(2, -15, 57344, Double.NaN));
      case FLOAT4E2M1 -> Optional.of(new NarrowFloat(1, 0, 6, 6));
      default -> Optional.empty();
    };
  }

  /** {@code y = x} rounded; both contiguous and in the same order. */
  KernelWork work(TensorView x, TensorView y, boolean saturates) {
    return KernelWork.perElement(
        "round_float",
        y.elements(),
        new Arguments()
            .pointers(x, y)
            .number(y.elements())
            .types(x, y)
            .integers(digits, lowest)
            .real(largest)
            .real(saturates ? largest : beyond));
  }
}
