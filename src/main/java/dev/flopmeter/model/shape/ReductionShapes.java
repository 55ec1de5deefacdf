package dev.flopmeter.model.shape;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Reductions over axes. */
public final class ReductionShapes {
  private ReductionShapes() {}

  static void addTo(Map<String, ShapeRule> rules) {
    for (String kind : "L1 L2 LogSum LogSumExp Max Mean Min Prod Sum SumSquare".split(" ", -1)) {
      rules.put("Reduce" + kind, in -> List.of(reduce(in)));
    }
    rules.put("ArgMax", in -> List.of(argReduce(in)));
    rules.put("ArgMin", in -> List.of(argReduce(in)));
  }

  /** The axes that a reduction reduces, ascending; none if it is to do nothing. */
  public static long[] axes(Operands in) {
    Shape shape = in.shape(0);
    long[] asked = in.integers("axes", 1).orElse(new long[0]);
    return asked.length == 0 && !in.attributes().flag("noop_with_empty_axes", false)
        ? LongStream.range(0, shape.rank()).toArray()
        : LongStream.of(asked).map(shape::axis).sorted().toArray();
  }

  private static TensorType reduce(Operands in) {
    long[] axes = axes(in);
    return axes.length == 0
        ? in.type(0)
        : in.type(0).withShape(without(in.shape(0), axes, in.attributes().flag("keepdims", true)));
  }

  private static TensorType argReduce(Operands in) {
    long[] axis = {in.attributes().integer("axis", 0)};
    Shape out = without(in.shape(0), axis, in.attributes().flag("keepdims", true));
    return new TensorType(DataType.INT64, out);
  }

  /** {@code shape} with {@code axes} dropped, or kept as 1. */
  static Shape without(Shape shape, long[] axes, boolean keep) {
    boolean[] reduced = new boolean[shape.rank()];
    for (long axis : axes) {
      reduced[shape.axis(axis)] = true;
    }
    return Shape.of(
        IntStream.range(0, reduced.length)
            .filter(axis -> keep || !reduced[axis])
            .mapToLong(axis -> reduced[axis] ? 1 : shape.dim(axis))
            .toArray());
  }
}
