package dev.flopmeter.model.fold;

import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.fold.Folder.FoldRule;
import dev.flopmeter.model.shape.ReducedAxes;
import java.util.Arrays;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/**
 * Reductions of known numbers, as in shape arithmetic: the number of elements, the larger one.
 * Integers exactly, floats in double.
 */
final class ReductionFolds {
  private ReductionFolds() {}

  static void addTo(Map<String, FoldRule> rules) {
    rules.put("ReduceProd", reduction(1, Math::multiplyExact, 1, (a, b) -> a * b));
    rules.put("ReduceSum", reduction(0, Math::addExact, 0, Double::sum));
    rules.put(
        "ReduceMax", reduction(Long.MIN_VALUE, Math::max, Double.NEGATIVE_INFINITY, Math::max));
    rules.put(
        "ReduceMin", reduction(Long.MAX_VALUE, Math::min, Double.POSITIVE_INFINITY, Math::min));
  }

  private static FoldRule reduction(
      long start, LongBinaryOperator onLongs, double floatStart, DoubleBinaryOperator onDoubles) {
    return Folder.ofValues(
        (in, type) -> {
          Tensor value = in.requireValue(0);
          boolean isFloat = type.type().isFloat();
          boolean isNumber = type.type().isInteger() || isFloat;
          if (!isNumber || value.elements() > Folder.MAX_ELEMENTS) {
            return null;
          }
          LongUnaryOperator target = target(value.shape(), ReducedAxes.axes(in));
          long[] longs = new long[(int) type.elements()];
          double[] doubles = new double[longs.length];
          Arrays.fill(longs, start);
          Arrays.fill(doubles, floatStart);
          for (int i = 0; i < value.elements(); i++) {
            int at = (int) target.applyAsLong(i);
            if (isFloat) {
              doubles[at] = onDoubles.applyAsDouble(doubles[at], value.doubleAt(i));
            } else {
              longs[at] = ArithmeticFolds.exactly(onLongs, longs[at], value.longAt(i));
            }
          }
          return Folder.computed(type, !isFloat, i -> longs[i], i -> doubles[i]);
        });
  }

  /**
   * The index among the results, for each element.
   *
   * @param reduced axes, ascending
   */
  private static LongUnaryOperator target(Shape shape, long[] reduced) {
    long[] strides = new long[shape.rank()];
    long stride = 1;
    for (int axis = strides.length - 1; axis >= 0; axis--) {
      if (Arrays.binarySearch(reduced, axis) < 0) {
        strides[axis] = stride;
        stride *= shape.dim(axis);
      }
    }
    return Indices.of(shape, (axis, at) -> at * strides[axis]);
  }
}
