package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.dtype;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.number;
import static dev.flopmeter.run.djl.kernel.Expression.ofAxes;
import static dev.flopmeter.run.djl.kernel.Expression.parts;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Window;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** Pooling over windows and over all positions. */
final class PoolKernels {
  private PoolKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("MaxPool", PoolKernels::maxPool);
    rules.put("AveragePool", PoolKernels::averagePool);
    rules.put("LpPool", PoolKernels::lpPool);
    rules.put("GlobalAveragePool", in -> Kernel.of(call("mean", input(0), spatial(in), true)));
    rules.put("GlobalMaxPool", in -> Kernel.of(call("amax", input(0), spatial(in), true)));
  }

  private static long[] spatial(Operands in) {
    return LongStream.range(2, in.shape(0).rank()).toArray();
  }

  private static Window window(Operands in) {
    return Window.of(
        in.attributes(), in.shape(0), in.attributes().integers("kernel_shape").orElseThrow());
  }

  /**
   * The padding after each axis with which PyTorch, which rounds down, computes the output size
   * that ONNX defines.
   */
  private static long[] fittingEnd(Operands in, Window window) {
    long[] end = new long[window.axes()];
    Shape out = in.output(0).shape();
    for (int i = 0; i < end.length; i++) {
      long span =
          (out.dim(i + 2) - 1) * window.stride()[i]
              + (window.kernel()[i] - 1) * window.dilation()[i]
              + 1;
      end[i] = Math.max(0, span - in.shape(0).dim(i + 2) - window.padBegin()[i]);
    }
    return end;
  }

  private static Kernel maxPool(Operands in) {
    Window window = window(in);
    int axes = window.axes();
    DataType type = in.type(0).type();
    long[] end = fittingEnd(in, window);
    boolean inner = canPadInside(in, window);
    Expression data = type.isFloat() ? input(0) : input(0).to(ScalarTypes.DOUBLE);
    if (!inner) {
      data = WindowKernels.padded(data, window.padBegin(), end, number(Double.NEGATIVE_INFINITY));
    }
    Object[] arguments = {
      data,
      window.kernel(),
      window.stride(),
      inner ? window.padBegin() : new long[axes],
      window.dilation(),
      false
    };
    if (!in.hasOutput(1)) {
      return Kernel.of(Kernels.asInput(in, ofAxes("max_pool", axes, "d", arguments)))
          .channelsLast(in.shape(0));
    }
    List<Expression> both = parts(2, ofAxes("max_pool", axes, "d_with_indices", arguments));
    return Kernel.of(
        Kernels.asInput(in, both.get(0)),
        flatIndices(
            in, window, both.get(1), inner ? new long[axes] : window.padBegin(), end, inner));
  }

  /** PyTorch pads by itself alike on both sides, by at most half the kernel, and rounds down. */
  private static boolean canPadInside(Operands in, Window window) {
    Shape out = in.output(0).shape();
    for (int i = 0; i < window.axes(); i++) {
      long begin = window.padBegin()[i];
      long span = (window.kernel()[i] - 1) * window.dilation()[i] + 1;
      long room = in.shape(0).dim(i + 2) + 2 * begin - span;
      if (begin < 0
          || begin * 2 > window.kernel()[i]
          || room < 0
          || room / window.stride()[i] + 1 != out.dim(i + 2)) {
        return false;
      }
    }
    return true;
  }

  /** PyTorch counts within one (padded) plane, ONNX in the whole tensor, row or column major. */
  private static Expression flatIndices(
      Operands in, Window window, Expression indices, long[] shift, long[] end, boolean inner) {
    Shape shape = in.shape(0);
    int axes = window.axes();
    long[] strides = new long[axes];
    boolean columns = in.attributes().flag("storage_order", false);
    long plane = 1;
    for (int k = 0; k < axes; k++) {
      int axis = columns ? k : axes - 1 - k;
      strides[axis] = plane;
      plane *= shape.dim(axis + 2);
    }
    Expression rest = indices;
    Expression flat = call("zeros_like", indices);
    for (int axis = axes - 1; axis >= 0; axis--) {
      long size =
          inner ? shape.dim(axis + 2) : shape.dim(axis + 2) + window.padBegin()[axis] + end[axis];
      Expression place = call("remainder", rest, size).minus(shift[axis]);
      flat = flat.plus(place.times(strides[axis]));
      rest = call("floor_divide", rest, size);
    }
    long[] dims = new long[axes + 2];
    Arrays.fill(dims, 1);
    dims[0] = shape.dim(0);
    dims[1] = shape.dim(1);
    Expression planes = call("arange", dims[0] * dims[1]).reshaped(dims);
    return flat.plus(planes.times(plane));
  }

  private static Kernel averagePool(Operands in) {
    Window window = window(in);
    int axes = window.axes();
    boolean counted = in.attributes().flag("count_include_pad", false);
    long[] end = fittingEnd(in, window);
    boolean undilated = Arrays.stream(window.dilation()).allMatch(dilation -> dilation == 1);
    boolean plain = !counted || Arrays.stream(window.padBegin()).allMatch(pad -> pad == 0);
    if (undilated && canPadInside(in, window) && (plain || Arrays.equals(end, window.padEnd()))) {
      Object[] arguments = {
        input(0), window.kernel(), window.stride(), window.padBegin(), false, counted
      };
      return Kernel.of(ofAxes("avg_pool", axes, "d", arguments)).channelsLast(in.shape(0));
    }
    Shape plane = in.shape(0).with(0, 1).with(1, 1);
    Expression ones = call("ones", plane.dims(), dtype(ScalarTypes.FLOAT));
    long[] beyond = new long[axes];
    for (int i = 0; i < axes; i++) {
      beyond[i] = Math.max(0, end[i] - Math.max(0, window.padEnd()[i]));
    }
    Expression mask =
        counted
            ? WindowKernels.padded(WindowKernels.padded(ones, window, 1), new long[axes], beyond, 0)
            : WindowKernels.padded(ones, window.padBegin(), end, 0);
    Expression counts = WindowKernels.windowSum(mask, window, ScalarTypes.FLOAT);
    return Kernel.of(windowSum(in, window, input(0), end).over(counts)).reportedAs("convolution");
  }

  private static Kernel lpPool(Operands in) {
    Window window = window(in);
    double p = in.attributes().integer("p", 2);
    Expression powers = call("pow", call("abs", input(0)), p);
    Expression sums = windowSum(in, window, powers, fittingEnd(in, window));
    return Kernel.of(call("pow", sums, 1 / p)).reportedAs("convolution");
  }

  /** The sum over each window, channel by channel. */
  private static Expression windowSum(Operands in, Window window, Expression x, long[] end) {
    DataType type = in.type(0).type();
    long[] planes = in.shape(0).dims();
    planes[0] = planes[0] * planes[1];
    planes[1] = 1;
    Expression data = WindowKernels.padded(x.reshaped(planes), window.padBegin(), end, 0);
    int computed = ScalarTypes.wider(type).orElseGet(() -> Kernels.code(in, type));
    return WindowKernels.windowSum(data, window, computed).reshaped(in.output(0).shape().dims());
  }
}
