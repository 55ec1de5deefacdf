package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.model.shape.ReducedAxes.axes;
import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.dtype;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.ints;
import static dev.flopmeter.run.djl.kernel.Expression.named;
import static dev.flopmeter.run.djl.kernel.Expression.number;
import static dev.flopmeter.run.djl.kernel.Expression.parts;
import static dev.flopmeter.run.djl.kernel.Expression.word;

import com.google.errorprone.annotations.CompileTimeConstant;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Reductions over axes. */
final class ReductionKernels {
  private ReductionKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    Expression x = input(0);
    rules.put("ReduceSum", in -> kept(in, sum(in, x)));
    rules.put("ReduceMean", ReductionKernels::mean);
    rules.put("ReduceMax", in -> extreme(in, true));
    rules.put("ReduceMin", in -> extreme(in, false));
    rules.put("ReduceProd", ReductionKernels::product);
    rules.put("ReduceL1", in -> kept(in, sum(in, call("abs", x))));
    rules.put("ReduceL2", in -> kept(in, call("sqrt", sum(in, x.times(x)))));
    rules.put("ReduceSumSquare", in -> kept(in, sum(in, x.times(x))));
    rules.put("ReduceLogSum", in -> kept(in, call("log", sum(in, x))));
    rules.put("ReduceLogSumExp", ReductionKernels::logSumExp);
    rules.put("ArgMax", in -> argument(in, "argmax"));
    rules.put("ArgMin", in -> argument(in, "argmin"));
    rules.put("CumSum", in -> cumulative(in, "cumsum", 0));
    rules.put("CumProd", in -> cumulative(in, "cumprod", 1));
    rules.put("TopK", ReductionKernels::topK);
  }

  private static boolean keep(Operands in) {
    return in.attributes().flag("keepdims", true);
  }

  private static Expression sum(Operands in, Expression value) {
    return reduced(in, "sum", value);
  }

  private static Expression reduced(
      Operands in, @CompileTimeConstant final String function, Expression value) {
    long[] axes = axes(in);
    return axes.length == 0 ? value : call(function, value, axes, keep(in));
  }

  /** Integers keep their type, where PyTorch would widen it. */
  private static Kernel kept(Operands in, Expression result) {
    return Kernel.of(Kernels.asInput(in, result));
  }

  private static Kernel mean(Operands in) {
    if (in.type(0).type().isFloat()) {
      return Kernel.of(reduced(in, "mean", input(0)));
    }
    long count =
        Arrays.stream(axes(in)).map(axis -> in.shape(0).dim((int) axis)).reduce(1, (a, b) -> a * b);
    return kept(in, call("div", sum(in, input(0)), count, named("rounding_mode", word("trunc"))));
  }

  /** The extreme of no elements is the infinity that any element would exceed. */
  private static Kernel extreme(Operands in, boolean most) {
    if (axes(in).length > 0 && in.shape(0).elements() == 0) {
      DataType type = in.type(0).type();
      double infinity = most ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
      Object value = type.isFloat() ? number(infinity) : most ? lowest(type) : highest(type);
      long[] dims = in.output(0).shape().dims();
      return Kernel.of(call("full", ints(dims), value, dtype(Kernels.code(in, type))));
    }
    return Kernel.of(most ? reduced(in, "amax", input(0)) : reduced(in, "amin", input(0)));
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

  /** The type that PyTorch adds or multiplies elements in. */
  private static int computed(Operands in) {
    DataType type = in.type(0).type();
    return ScalarTypes.wider(type).orElseGet(() -> Kernels.code(in, type));
  }

  /** PyTorch multiplies along one axis at a time. */
  private static Kernel product(Operands in) {
    long[] axes = axes(in);
    int type = computed(in);
    Expression result = input(0);
    for (int i = axes.length - 1; i >= 0; i--) {
      result = call("prod", result, axes[i], keep(in), dtype(type));
    }
    return Kernel.of(result);
  }

  private static Kernel logSumExp(Operands in) {
    Expression x = input(0);
    if (axes(in).length == 0) {
      return Kernel.of(call("log", call("exp", x)));
    }
    boolean isFloat = in.type(0).type().isFloat();
    return kept(in, reduced(in, "logsumexp", isFloat ? x : x.to(ScalarTypes.DOUBLE)));
  }

  private static Kernel argument(Operands in, @CompileTimeConstant final String function) {
    Shape shape = in.shape(0);
    int axis = shape.axis(in.attributes().integer("axis", 0));
    if (!in.attributes().flag("select_last_index", false)) {
      return Kernel.of(call(function, input(0), axis, keep(in)));
    }
    Expression last = call("full", ints(), shape.dim(axis) - 1, dtype(ScalarTypes.INT64));
    return Kernel.of(last.minus(call(function, flipped(input(0), axis), axis, keep(in))))
        .reportedAs(function);
  }

  private static Expression flipped(Expression value, int axis) {
    return call("flip", value, new long[] {axis});
  }

  /** Exclusive: moved on by one, starting from the neutral element. */
  private static Kernel cumulative(
      Operands in, @CompileTimeConstant final String function, long neutral) {
    int axis = in.shape(0).axis(in.requireValue(1).longAt(0));
    boolean reverse = in.attributes().flag("reverse", false);
    Expression x = reverse ? flipped(input(0), axis) : input(0);
    if (in.attributes().flag("exclusive", false)) {
      Expression first = call("full_like", x.narrow(axis, 0, 1), neutral);
      Expression rest = x.narrow(axis, 0, in.shape(0).dim(axis) - 1);
      x = call("cat", Expression.list(first, rest), axis);
    }
    Expression y = call(function, x, axis, dtype(computed(in)));
    return Kernel.of(reverse ? flipped(y, axis) : y).reportedAs(function);
  }

  /** A stable sort, because equal elements come in the order of their indices. */
  private static Kernel topK(Operands in) {
    int axis = in.shape(0).axis(in.attributes().integer("axis", -1));
    long count = in.opset() < 10 ? in.attributes().integer("k") : in.requireValue(1).longAt(0);
    List<Expression> sorted =
        parts(
            2,
            call(
                "sort",
                input(0),
                named("stable", true),
                named("dim", axis),
                named("descending", in.attributes().flag("largest", true))));
    return Kernel.of(sorted.stream().<Expression>map(each -> each.narrow(axis, 0, count)).toList());
  }
}
