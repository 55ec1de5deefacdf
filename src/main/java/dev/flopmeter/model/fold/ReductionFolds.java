package dev.flopmeter.model.fold;

import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Elements;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleBinaryOperator;
import java.util.function.LongBinaryOperator;

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
    return (in, outputs) -> {
      TensorType type = outputs.get(0);
      boolean isNumber = type.type().isInteger() || type.type().isFloat();
      if (!Folder.allKnown(in, outputs)
          || !isNumber
          || in.type(0).elements() > Folder.MAX_ELEMENTS) {
        return Optional.empty();
      }
      Tensor value = in.requireValue(0);
      int[] targets = targets(value.shape(), reduced(in, value.shape()));
      ByteBuffer data =
          type.type().isFloat()
              ? ofDoubles(type, value, targets, floatStart, onDoubles)
              : ofLongs(type, value, targets, start, onLongs);
      return Optional.of(List.of(DenseTensor.of(type, data)));
    };
  }

  private static ByteBuffer ofLongs(
      TensorType type, Tensor value, int[] targets, long start, LongBinaryOperator join) {
    long[] results = new long[(int) type.elements()];
    Arrays.fill(results, start);
    for (int i = 0; i < targets.length; i++) {
      try {
        results[targets[i]] = join.applyAsLong(results[targets[i]], value.longAt(i));
      } catch (ArithmeticException e) {
        throw new ModelException("constant arithmetic overflows", e);
      }
    }
    ByteBuffer data = Elements.allocate(type);
    for (int i = 0; i < results.length; i++) {
      Elements.putLong(data, type.type(), i, results[i]);
    }
    return data;
  }

  private static ByteBuffer ofDoubles(
      TensorType type, Tensor value, int[] targets, double start, DoubleBinaryOperator join) {
    double[] results = new double[(int) type.elements()];
    Arrays.fill(results, start);
    for (int i = 0; i < targets.length; i++) {
      results[targets[i]] = join.applyAsDouble(results[targets[i]], value.doubleAt(i));
    }
    ByteBuffer data = Elements.allocate(type);
    for (int i = 0; i < results.length; i++) {
      Elements.putDouble(data, type.type(), i, results[i]);
    }
    return data;
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
  private static int[] targets(Shape shape, boolean[] reduced) {
    int[] targets = new int[(int) shape.elements()];
    for (int i = 0; i < targets.length; i++) {
      targets[i] = target(shape, reduced, i);
    }
    return targets;
  }

  /** The index among the results of the element at flat index {@code from}. */
  private static int target(Shape shape, boolean[] reduced, int from) {
    long index = 0;
    long stride = 1;
    long rest = from;
    for (int axis = shape.rank() - 1; axis >= 0; axis--) {
      long position = rest % shape.dim(axis);
      rest /= shape.dim(axis);
      if (!reduced[axis]) {
        index += position * stride;
        stride *= shape.dim(axis);
      }
    }
    return (int) index;
  }
}
