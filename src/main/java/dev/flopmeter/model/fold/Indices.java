package dev.flopmeter.model.fold;

import dev.flopmeter.model.Shape;
import java.util.function.LongUnaryOperator;

/** Maps flat indices of a result to flat indices of its source. */
final class Indices {
  private Indices() {}

  /** The amount that a position on one axis of the result adds to the index in the source. */
  @FunctionalInterface
  interface AxisOffset {
    long of(int axis, long position);
  }

  /** The index in the source of each element of a result of this shape. */
  static LongUnaryOperator of(Shape result, AxisOffset offset) {
    long[] dims = result.dims();
    return flat -> {
      long index = 0;
      long rest = flat;
      for (int axis = dims.length - 1; axis >= 0; axis--) {
        index += offset.of(axis, rest % dims[axis]);
        rest /= dims[axis];
      }
      return index;
    };
  }

  /** The index in an operand that was broadcast to {@code out}. */
  static LongUnaryOperator broadcast(Shape operand, Shape out) {
    int missing = out.rank() - operand.rank();
    long[] dims = operand.dims();
    long[] strides = strides(operand);
    return of(
        out,
        (axis, at) ->
            axis < missing || dims[axis - missing] == 1 ? 0 : at * strides[axis - missing]);
  }

  static long[] strides(Shape shape) {
    long[] strides = new long[shape.rank()];
    for (int axis = 0; axis < strides.length; axis++) {
      strides[axis] = shape.elements(axis + 1, strides.length);
    }
    return strides;
  }
}
