package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Text.ints;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** Reductions over axes. */
final class ReductionKernels {
  private ReductionKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("ReduceSum", in -> reduce(in, "x0", "sum", "%"));
    rules.put("ReduceMean", in -> reduce(in, "x0", "mean", "%"));
    rules.put("ReduceMax", in -> extreme(in, "amax"));
    rules.put("ReduceMin", in -> extreme(in, "amin"));
    rules.put("ReduceProd", ReductionKernels::product);
    rules.put("ReduceL1", in -> reduce(in, "torch.abs(x0)", "sum", "%"));
    rules.put("ReduceL2", in -> reduce(in, "torch.mul(x0, x0)", "sum", "torch.sqrt(%)"));
    rules.put("ReduceSumSquare", in -> reduce(in, "torch.mul(x0, x0)", "sum", "%"));
    rules.put("ReduceLogSum", in -> reduce(in, "x0", "sum", "torch.log(%)"));
    rules.put("ReduceLogSumExp", ReductionKernels::logSumExp);
    rules.put("ArgMax", in -> argument(in, "argmax"));
    rules.put("ArgMin", in -> argument(in, "argmin"));
    rules.put("CumSum", ReductionKernels::cumSum);
    rules.put("CumProd", ReductionKernels::cumProd);
    rules.put("TopK", ReductionKernels::topK);
  }

  /** The axes to reduce; none if the node asks for nothing to be done. */
  private static long[] axes(Operands in) {
    int rank = in.shape(0).rank();
    long[] asked = in.integers("axes", 1).orElse(new long[0]);
    if (asked.length == 0 && !in.attributes().flag("noop_with_empty_axes", false)) {
      return LongStream.range(0, rank).toArray();
    }
    return Arrays.stream(asked).map(axis -> in.shape(0).axis(axis)).sorted().toArray();
  }

  private static String keep(Operands in) {
    return Text.flag(in.attributes().flag("keepdims", true));
  }

  /** {@code after(function(before))}; integers keep their type, where PyTorch would widen it. */
  private static Kernel reduce(Operands in, String before, String function, String after) {
    long[] axes = axes(in);
    DataType type = in.type(0).type();
    String result = before;
    if (axes.length > 0) {
      if (function.equals("mean") && !type.isFloat()) {
        long count =
            Arrays.stream(axes).map(axis -> in.shape(0).dim((int) axis)).reduce(1, (a, b) -> a * b);
        result =
            "torch.div("
                + called("sum", before, axes, in)
                + ", "
                + count
                + ", rounding_mode=\"trunc\")";
      } else {
        result = called(function, before, axes, in);
      }
    }
    result = after.replace("%", result);
    return Kernel.of(
        type.isFloat() ? result : "torch.to(" + result + ", " + Kernels.code(in, type) + ")");
  }

  private static String called(String function, String value, long[] axes, Operands in) {
    return "torch." + function + "(" + value + ", " + ints(axes) + ", " + keep(in) + ")";
  }

  /** The extreme of nothing is the infinity that any element would beat. */
  private static Kernel extreme(Operands in, String function) {
    long[] axes = axes(in);
    if (axes.length == 0) {
      return Kernel.of("x0");
    }
    if (in.shape(0).elements() == 0) {
      DataType type = in.type(0).type();
      boolean most = function.equals("amax");
      String value =
          type.isFloat()
              ? (most ? "(-inf)" : "inf")
              : Long.toString(most ? lowest(type) : highest(type));
      return Kernel.of(
          "torch.full("
              + ints(in.output(0).shape().dims())
              + ", "
              + value
              + ", dtype="
              + Kernels.code(in, type)
              + ")");
    }
    return Kernel.of(called(function, "x0", axes, in));
  }

  private static long highest(DataType type) {
    if (type == DataType.BOOL) {
      return 1;
    }
    boolean signed = type.name().startsWith("INT");
    int bits = signed ? type.bits() - 1 : Math.min(63, type.bits());
    return bits == 63 ? Long.MAX_VALUE : (1L << bits) - 1;
  }

  private static long lowest(DataType type) {
    return type.name().startsWith("INT") ? -highest(type) - 1 : 0;
  }

  /** PyTorch multiplies along one axis at a time. */
  private static Kernel product(Operands in) {
    long[] axes = axes(in);
    String result = "x0";
    String type = ", dtype=" + Kernels.code(in, in.type(0).type());
    for (int i = axes.length - 1; i >= 0; i--) {
      result = "torch.prod(" + result + ", " + axes[i] + ", " + keep(in) + type + ")";
    }
    return Kernel.of(result);
  }

  private static Kernel logSumExp(Operands in) {
    long[] axes = axes(in);
    if (axes.length == 0) {
      return Kernel.of("torch.log(torch.exp(x0))");
    }
    DataType type = in.type(0).type();
    String value = type.isFloat() ? "x0" : "torch.to(x0, " + TorchTypes.DOUBLE + ")";
    String result = called("logsumexp", value, axes, in);
    return Kernel.of(
        type.isFloat() ? result : "torch.to(" + result + ", " + Kernels.code(in, type) + ")");
  }

  private static Kernel argument(Operands in, String function) {
    Shape shape = in.shape(0);
    int axis = shape.axis(in.attributes().integer("axis", 0));
    if (!in.attributes().flag("select_last_index", false)) {
      return Kernel.of("torch." + function + "(x0, " + axis + ", " + keep(in) + ")");
    }
    return Kernel.of(
        "torch.sub(torch.full(annotate(List[int], []), "
            + (shape.dim(axis) - 1)
            + ", dtype=4), torch."
            + function
            + "(torch.flip(x0, ["
            + axis
            + "]), "
            + axis
            + ", "
            + keep(in)
            + "))");
  }

  private static Kernel cumSum(Operands in) {
    int axis = in.shape(0).axis(in.requireValue(1).longAt(0));
    String type = ", dtype=" + Kernels.code(in, in.type(0).type());
    return cumulative(in, axis, "torch.cumsum(x, " + axis + type + ")", "0");
  }

  private static Kernel cumProd(Operands in) {
    int axis = in.shape(0).axis(in.requireValue(1).longAt(0));
    String type = ", dtype=" + Kernels.code(in, in.type(0).type());
    return cumulative(in, axis, "torch.cumprod(x, " + axis + type + ")", "1");
  }

  /** Exclusive: moved on by one, starting from the neutral element. */
  private static Kernel cumulative(Operands in, int axis, String function, String neutral) {
    boolean reverse = in.attributes().flag("reverse", false);
    List<String> lines = new ArrayList<>();
    lines.add("x = " + (reverse ? "torch.flip(x0, [" + axis + "])" : "x0"));
    if (in.attributes().flag("exclusive", false)) {
      lines.add("first = torch.full_like(torch.narrow(x, " + axis + ", 0, 1), " + neutral + ")");
      lines.add(
          "x = torch.cat([first, torch.narrow(x, "
              + axis
              + ", 0, "
              + (in.shape(0).dim(axis) - 1)
              + ")], "
              + axis
              + ")");
    }
    lines.add("y = " + function);
    lines.add("return " + (reverse ? "torch.flip(y, [" + axis + "])" : "y"));
    return Kernel.statements(1, lines.toArray(String[]::new));
  }

  /** A stable sort, because equal elements come in the order of their indices. */
  private static Kernel topK(Operands in) {
    Shape shape = in.shape(0);
    int axis = shape.axis(in.attributes().integer("axis", -1));
    long count = in.opset() < 10 ? in.attributes().integer("k") : in.requireValue(1).longAt(0);
    return Kernel.statements(
        2,
        "v, i = torch.sort(x0, stable=True, dim="
            + axis
            + ", descending="
            + Text.flag(in.attributes().flag("largest", true))
            + ")",
        "return (torch.narrow(v, "
            + axis
            + ", 0, "
            + count
            + "), torch.narrow(i, "
            + axis
            + ", 0, "
            + count
            + "))");
  }
}
