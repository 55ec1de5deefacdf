package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Shape;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.Binary;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Unary;
import java.util.Map;

/** Sums, means, extremes over axes, and softmax. */
final class Reductions {
  /** The numbers are those of {@code reduce.c}. */
  private enum Kind {
    SUM(0),
    MEAN(1),
    MAX(2),
    MIN(3),
    SUM_OF_SQUARES(4),
    NORM_1(5),
    NORM_2(6),
    PRODUCT(7);

    private final int code;

    Kind(int code) {
      this.code = code;
    }
  }

  private Reductions() {}

  static void addTo(Map<String, Operators.Operator> operators) {
    operators.put("ReduceSum", node -> reduce(node, Kind.SUM));
    operators.put("ReduceMean", node -> reduce(node, Kind.MEAN));
    operators.put("ReduceMax", node -> reduce(node, Kind.MAX));
    operators.put("ReduceMin", node -> reduce(node, Kind.MIN));
    operators.put("ReduceProd", node -> reduce(node, Kind.PRODUCT));
    operators.put("ReduceL1", node -> reduce(node, Kind.NORM_1));
    operators.put("ReduceL2", node -> reduce(node, Kind.NORM_2));
    operators.put("ReduceSumSquare", node -> reduce(node, Kind.SUM_OF_SQUARES));
    operators.put("ReduceLogSum", node -> reduce(node, Kind.SUM));
    operators.put("ReduceLogSumExp", Reductions::logSumExp);
    operators.put("Softmax", node -> softmax(node, false));
    operators.put("LogSoftmax", node -> softmax(node, true));
  }

  private static void reduce(NodePlan node, Kind kind) {
    TensorView x = node.in(0);
    long[] axes = axes(node, x.shape());
    if (axes.length == 0) {
      identity(node, kind, x);
      return;
    }
    TensorView y = node.out(0);
    rows(node, kind, x, axes, y);
    if (node.node().op().equals("ReduceLogSum")) {
      node.launch(Unary.work(Unary.Kind.LOG, y, y, 0, 0));
    }
  }

  /** No axes and {@code noop_with_empty_axes}: only the function of the single element remains. */
  private static void identity(NodePlan node, Kind kind, TensorView x) {
    Unary.Kind function =
        switch (kind) {
          case SUM ->
              node.node().op().equals("ReduceLogSum") ? Unary.Kind.LOG : Unary.Kind.IDENTITY;
          case MEAN, MAX, MIN, PRODUCT -> Unary.Kind.IDENTITY;
          case SUM_OF_SQUARES -> Unary.Kind.SQUARE;
          case NORM_1, NORM_2 -> Unary.Kind.ABS;
        };
    TensorView packed = node.plain(0);
    TensorView y = node.out(0);
    node.launch(Unary.work(function, packed, y, 0, 0));
  }

  /** The sums of {@code x} over {@code axes}, without those. */
  static void sum(NodePlan node, TensorView x, long[] axes, TensorView y) {
    rows(node, Kind.SUM, x, axes, y);
  }

  private static void rows(NodePlan node, Kind kind, TensorView x, long[] axes, TensorView y) {
    TensorView turned = x.permuted(keptFirst(x.shape(), axes));
    long length = 1;
    for (long axis : axes) {
      length *= x.dim(x.shape().axis(axis));
    }
    long rows = y.elements();
    TensorView from = turned;
    if (!turned.is(MemoryLayout.PLAIN)) {
      from = node.scratch("rows", turned.shape(), x.storage());
      node.launch(CopyKernels.copy(turned, from));
    }
    node.launch(rows(kind, from, y, rows, length));
  }

  private static KernelWork rows(Kind kind, TensorView from, TensorView y, long rows, long length) {
    return KernelWork.perRow(
        "reduce_rows",
        rows,
        length,
        new Arguments()
            .pointers(from, y)
            .numbers(rows, length, length, 1)
            .integer(kind.code)
            .types(from, y));
  }

  /** The sum of each row of a packed matrix. */
  static KernelWork rowSums(TensorView matrix, TensorView y) {
    return rows(Kind.SUM, matrix, y, matrix.dim(0), matrix.dim(1));
  }

  /** The order of axes with those of {@code last} at the end. */
  static int[] keptFirst(Shape shape, long[] last) {
    boolean[] isLast = new boolean[shape.rank()];
    for (long axis : last) {
      isLast[shape.axis(axis)] = true;
    }
    int[] order = new int[shape.rank()];
    int at = 0;
    for (int pass = 0; pass < 2; pass++) {
      for (int i = 0; i < order.length; i++) {
        if (isLast[i] == (pass == 1)) {
          order[at++] = i;
        }
      }
    }
    return order;
  }

  private static long[] axes(NodePlan node, Shape shape) {
    long[] given = node.operands().integers("axes", 1).orElse(new long[0]);
    if (given.length > 0 || node.attributes().flag("noop_with_empty_axes", false)) {
      return given;
    }
    long[] all = new long[shape.rank()];
    java.util.Arrays.setAll(all, i -> i);
    return all;
  }

  /** log(sum(exp(x - max))) + max: the largest is taken out so that nothing overflows. */
  private static void logSumExp(NodePlan node) {
    TensorView x = node.in(0);
    long[] axes = axes(node, x.shape());
    if (axes.length == 0) {
      node.alias(0, x);
      return;
    }
    TensorView y = node.out(0);
    long[] kept = x.shape().dims();
    for (long axis : axes) {
      kept[x.shape().axis(axis)] = 1;
    }
    TensorView largest = node.scratch("max", Shape.of(kept), x.storage());
    TensorView shifted = node.scratch("shifted", x.shape(), x.storage());
    rows(node, Kind.MAX, x, axes, largest);
    node.launch(Binary.work(Binary.Kind.SUB, x, largest, shifted));
    node.launch(Unary.work(Unary.Kind.EXP, shifted, shifted, 0, 0));
    rows(node, Kind.SUM, shifted, axes, y);
    node.launch(Unary.work(Unary.Kind.LOG, y, y, 0, 0));
    node.launch(Binary.work(Binary.Kind.ADD, y, largest.reshaped(y.shape()), y));
  }

  private static void softmax(NodePlan node, boolean log) {
    TensorView x = node.plain(0);
    TensorView y = node.out(0);
    boolean isLegacy = node.node().opset() < 13;
    int axis =
        x.rank() == 0 ? 0 : x.shape().axis(node.attributes().integer("axis", isLegacy ? 1 : -1));
    // Before opset 13 everything from the axis on is one row.
    long outer = x.shape().elements(0, axis);
    long length = isLegacy ? x.shape().elements(axis, x.rank()) : x.rank() == 0 ? 1 : x.dim(axis);
    long inner = isLegacy || x.rank() == 0 ? 1 : x.shape().elements(axis + 1, x.rank());
    node.launch(softmax(x, y, outer * inner, length, inner, log));
  }

  /** Over the last axis of packed values. */
  static KernelWork softmax(TensorView x, TensorView y) {
    long length = x.dim(x.rank() - 1);
    return softmax(x, y, x.elements() / Math.max(1, length), length, 1, false);
  }

  private static KernelWork softmax(
      TensorView x, TensorView y, long rows, long length, long inner, boolean isLog) {
    return KernelWork.perRow(
        "softmax_rows",
        rows,
        length,
        new Arguments()
            .pointers(x, y)
            .numbers(rows, length, inner)
            .integers(isLog ? 1 : 0, x.storage().code()));
  }
}
