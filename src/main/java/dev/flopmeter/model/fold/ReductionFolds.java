package dev.flopmeter.model.fold;

import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Elements;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongBinaryOperator;

/**
 * Reductions of known integers, which shape arithmetic holds: how many elements, the larger one.
 */
final class ReductionFolds {
  private ReductionFolds() {}

  static void addTo(Map<String, FoldRule> rules) {
    rules.put("ReduceProd", reduction(1, Math::multiplyExact));
    rules.put("ReduceSum", reduction(0, Math::addExact));
    rules.put("ReduceMax", reduction(Long.MIN_VALUE, Math::max));
    rules.put("ReduceMin", reduction(Long.MAX_VALUE, Math::min));
  }

  private static FoldRule reduction(long start, LongBinaryOperator join) {
    return (in, outputs) -> {
      TensorType type = outputs.get(0);
      if (!Folder.allKnown(in, outputs)
          || !type.type().isInteger()
          || in.type(0).elements() > Folder.MAX_ELEMENTS) {
        return Optional.empty();
      }
      Tensor value = in.requireValue(0);
      Shape shape = value.shape();
      boolean[] reduced = reduced(in, shape);
      long[] results = new long[(int) type.elements()];
      java.util.Arrays.fill(results, start);
      for (int i = 0; i < value.elements(); i++) {
        int at = target(shape, reduced, i);
        try {
          results[at] = join.applyAsLong(results[at], value.longAt(i));
        } catch (ArithmeticException e) {
          throw new ModelException("constant arithmetic overflows", e);
        }
      }
      ByteBuffer data = Elements.allocate(type);
      for (int i = 0; i < results.length; i++) {
        Elements.putLong(data, type.type(), i, results[i]);
      }
      return Optional.of(List.of(DenseTensor.of(type, data)));
    };
  }

  private static boolean[] reduced(Operands in, Shape shape) {
    boolean[] reduced = new boolean[shape.rank()];
    long[] axes = in.integers("axes", 1).orElse(new long[0]);
    if (axes.length == 0) {
      java.util.Arrays.fill(reduced, !in.attributes().flag("noop_with_empty_axes", false));
    }
    for (long axis : axes) {
      reduced[shape.axis(axis)] = true;
    }
    return reduced;
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
