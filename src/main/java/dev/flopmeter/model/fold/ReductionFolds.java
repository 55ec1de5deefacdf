package dev.flopmeter.model.fold;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import java.util.Arrays;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/**
 * Reductions of known numbers, which shape arithmetic holds: how many elements, the larger one.
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
          LongUnaryOperator target = target(value.shape(), reduced(in, value.shape()));
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

  private static boolean[] reduced(Operands in, Shape shape) {
    boolean[] reduced = new boolean[shape.rank()];
    long[] axes = in.integers("axes", 1).orElse(new long[0]);
    if (axes.length == 0) {
      Arrays.fill(reduced, !in.attributes().flag("noop_with_empty_axes", false));
    }
    for (long axis : axes) {
      reduced[shape.axis(axis)] = true;
    }
    return reduced;
  }

  /** The index among the results, for each element. */
  private static LongUnaryOperator target(Shape shape, boolean[] reduced) {
    long[] strides = new long[reduced.length];
    long stride = 1;
    for (int axis = strides.length - 1; axis >= 0; axis--) {
      if (!reduced[axis]) {
        strides[axis] = stride;
        stride *= shape.dim(axis);
      }
    }
    return Indices.of(shape, (axis, at) -> at * strides[axis]);
  }
}
