package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.shape.ReducedAxes;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Unary;
import java.util.Map;

/** Sums, means and extremes over axes. */
final class Reductions {
  /** With its number in {@code reduce.c}, and what it does to a single element. */
  enum Kind {
    SUM(0, Unary.IDENTITY),
    MEAN(1, Unary.IDENTITY),
    MAX(2, Unary.IDENTITY),
    MIN(3, Unary.IDENTITY),
    SUM_OF_SQUARES(4, Unary.SQUARE),
    NORM_1(5, Unary.ABS),
    NORM_2(6, Unary.ABS),
    PRODUCT(7, Unary.IDENTITY);

    private final int code;
    private final Unary single;

    Kind(int code, Unary single) {
      this.code = code;
      this.single = single;
    }
  }

  /** Of the kernel {@code softmax_rows}. */
  private static final int SOFTMAX_OR_ZERO = 2;

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
  }

  /** Without axes but with {@code noop_with_empty_axes} each element is reduced alone. */
  private static void reduce(NodePlan node, Kind kind) {
    TensorView x = node.in(0);
    long[] axes = ReducedAxes.axes(node.operands());
    TensorView y = node.out(0);
    if (axes.length == 0) {
      node.launch(kind.single.work(node.plain(0), y, 0, 0));
    } else {
      rows(node, kind, x, axes, y);
    }
    Pointwise.wrap(node, y);
    if (x.elements() == 0 && node.operands().output(0).type() == DataType.BOOL) {
      node.launch(Unary.CLIP.work(y, y, 0, 1)); // the extremes of integers are none of booleans
    }
  }

  /** {@code x} reduced over {@code axes}. */
  static void rows(NodePlan node, Kind kind, TensorView x, long[] axes, TensorView y) {
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
    Arguments arguments =
        new Arguments()
            .pointers(from, y)
            .numbers(rows, length, length, 1)
            .integer(kind.code)
            .types(from, y);
    boolean isWhole = x.storage() == ElementType.I64 && y.storage() == ElementType.I64;
    node.launch(
        isWhole
            ? KernelWork.perElement("reduce_whole", rows, arguments)
            : KernelWork.perRow("reduce_rows", rows, length, arguments));
  }

  /** The order of axes with those of {@code last} at the end. */
  private static int[] keptFirst(Shape shape, long[] last) {
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

  /** The softmax of attention: over the last axis of packed values, 0 where a query sees no key. */
  static KernelWork softmax(TensorView x, TensorView y) {
    long length = x.dim(x.rank() - 1);
    long rows = x.elements() / Math.max(1, length);
    return KernelWork.perRow(
        "softmax_rows",
        rows,
        length,
        new Arguments()
            .pointers(x, y)
            .numbers(rows, length, 1)
            .integers(SOFTMAX_OR_ZERO, x.storage().code()));
  }
}
