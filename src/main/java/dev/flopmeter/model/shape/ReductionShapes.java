package dev.flopmeter.model.shape;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Reductions over axes. */
final class ReductionShapes {
  private ReductionShapes() {}

  private static final List<String> REDUCTIONS =
      List.of(
          "ReduceL1",
          "ReduceL2",
          "ReduceLogSum",
          "ReduceLogSumExp",
          "ReduceMax",
          "ReduceMean",
          "ReduceMin",
          "ReduceProd",
          "ReduceSum",
          "ReduceSumSquare");

  static void addTo(Map<String, ShapeRule> rules) {
    REDUCTIONS.forEach(op -> rules.put(op, in -> List.of(reduce(in))));
    rules.put("ArgMax", in -> List.of(argReduce(in)));
    rules.put("ArgMin", in -> List.of(argReduce(in)));
  }

  private static TensorType reduce(Operands in) {
    Shape shape = in.shape(0);
    long[] axes = in.integers("axes", 1).orElse(new long[0]);
    if (axes.length == 0) {
      if (in.attributes().flag("noop_with_empty_axes", false)) {
        return in.type(0);
      }
      axes = allAxes(shape);
    }
    return in.type(0).withShape(without(shape, axes, in.attributes().flag("keepdims", true)));
  }

  private static long[] allAxes(Shape shape) {
    long[] axes = new long[shape.rank()];
    for (int i = 0; i < axes.length; i++) {
      axes[i] = i;
    }
    return axes;
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
    List<Long> dims = new ArrayList<>();
    for (int i = 0; i < reduced.length; i++) {
      if (!reduced[i]) {
        dims.add(shape.dim(i));
      } else if (keep) {
        dims.add(1L);
      }
    }
    return Shape.of(dims.stream().mapToLong(Long::longValue).toArray());
  }
}
