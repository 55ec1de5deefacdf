package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Text.ints;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.Window;
import java.util.ArrayList;
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
    rules.put("MaxUnpool", PoolKernels::maxUnpool);
    rules.put("GlobalAveragePool", in -> Kernel.of("torch.mean(x0, " + spatial(in) + ", True)"));
    rules.put("GlobalMaxPool", in -> Kernel.of("torch.amax(x0, " + spatial(in) + ", True)"));
    rules.put(
        "GlobalLpPool",
        in -> {
          String p = Text.number((double) in.attributes().integer("p", 2));
          return Kernel.of(
              "torch.pow(torch.sum(torch.pow(torch.abs(x0), "
                  + p
                  + "), "
                  + spatial(in)
                  + ", True), "
                  + Text.number(1.0 / in.attributes().integer("p", 2))
                  + ")");
        });
  }

  private static String spatial(Operands in) {
    return ints(LongStream.range(2, in.shape(0).rank()).toArray());
  }

  private static Window window(Operands in) {
    return Window.of(
        in.attributes(), in.shape(0), in.attributes().integers("kernel_shape").orElseThrow());
  }

  /**
   * Padding after each axis such that PyTorch's rounding down gives exactly the output that ONNX
   * asks for.
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
    String data = type.isFloat() ? "x0" : "torch.to(x0, " + TorchTypes.DOUBLE + ")";
    if (!inner) {
      data = WindowKernels.padded(data, window.padBegin(), end, "(-inf)");
    }
    String arguments =
        String.join(
            ", ",
            data,
            ints(window.kernel()),
            ints(window.stride()),
            inner ? ints(window.padBegin()) : Text.repeated(0, axes),
            ints(window.dilation()),
            "False");
    String back = type.isFloat() ? "y" : "torch.to(y, " + Kernels.code(in, type) + ")";
    if (!in.hasOutput(1)) {
      return Kernel.statements(
          1, "y = torch.max_pool" + axes + "d(" + arguments + ")", "return " + back);
    }
    List<String> lines = new ArrayList<>();
    lines.add("y, i = torch.max_pool" + axes + "d_with_indices(" + arguments + ")");
    lines.addAll(flatIndices(in, window, inner ? new long[axes] : window.padBegin(), end, inner));
    lines.add("return (" + back + ", i)");
    return Kernel.statements(2, lines.toArray(String[]::new));
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
  private static List<String> flatIndices(
      Operands in, Window window, long[] shift, long[] end, boolean inner) {
    Shape shape = in.shape(0);
    int axes = window.axes();
    List<String> lines = new ArrayList<>();
    lines.add("rest = i");
    long[] strides = new long[axes];
    boolean columns = in.attributes().flag("storage_order", false);
    long stride = 1;
    for (int k = 0; k < axes; k++) {
      int axis = columns ? k : axes - 1 - k;
      strides[axis] = stride;
      stride *= shape.dim(axis + 2);
    }
    lines.add("flat = torch.zeros_like(i)");
    for (int axis = axes - 1; axis >= 0; axis--) {
      long size =
          inner ? shape.dim(axis + 2) : shape.dim(axis + 2) + window.padBegin()[axis] + end[axis];
      lines.add("at = torch.sub(torch.remainder(rest, " + size + "), " + shift[axis] + ")");
      lines.add("flat = torch.add(flat, torch.mul(at, " + strides[axis] + "))");
      lines.add("rest = torch.floor_divide(rest, " + size + ")");
    }
    long planes = shape.dim(0) * shape.dim(1);
    long[] dims = new long[axes + 2];
    Arrays.fill(dims, 1);
    dims[0] = shape.dim(0);
    dims[1] = shape.dim(1);
    lines.add(
        "i = torch.add(flat, torch.mul(torch.reshape(torch.arange("
            + planes
            + "), "
            + ints(dims)
            + "), "
            + stride
            + "))");
    return lines;
  }

  private static Kernel averagePool(Operands in) {
    Window window = window(in);
    int axes = window.axes();
    boolean counted = in.attributes().flag("count_include_pad", false);
    long[] end = fittingEnd(in, window);
    boolean undilated = Arrays.stream(window.dilation()).allMatch(dilation -> dilation == 1);
    boolean plain = !counted || Arrays.stream(window.padBegin()).allMatch(pad -> pad == 0);
    if (undilated && canPadInside(in, window) && (plain || Arrays.equals(end, window.padEnd()))) {
      return Kernel.of(
          "torch.avg_pool"
              + axes
              + "d("
              + String.join(
                  ", ",
                  "x0",
                  ints(window.kernel()),
                  ints(window.stride()),
                  ints(window.padBegin()),
                  "False",
                  Text.flag(counted))
              + ")");
    }
    Shape plane = in.shape(0).with(0, 1).with(1, 1);
    String ones = "torch.ones(" + ints(plane.dims()) + ", dtype=" + TorchTypes.FLOAT + ")";
    long[] beyond = new long[axes];
    for (int i = 0; i < axes; i++) {
      beyond[i] = Math.max(0, end[i] - Math.max(0, window.padEnd()[i]));
    }
    String mask =
        counted
            ? WindowKernels.padded(
                WindowKernels.padded(ones, window, "1"), new long[axes], beyond, "0")
            : WindowKernels.padded(ones, window.padBegin(), end, "0");
    return Kernel.of(
        "torch.div("
            + windowSum(in, window, "x0", end)
            + ", "
            + convolved(window, mask, TorchTypes.FLOAT)
            + ")");
  }

  /** Indices count within the tensor that was pooled; a larger output is that one, filled up. */
  private static Kernel maxUnpool(Operands in) {
    Window window = window(in);
    long[] pooled = in.shape(0).dims();
    long[] grown = new long[2 * window.axes()];
    for (int i = 0; i < window.axes(); i++) {
      pooled[i + 2] =
          (pooled[i + 2] - 1) * window.stride()[i]
              - window.padBegin()[i]
              - window.padEnd()[i]
              + window.kernel()[i];
      grown[2 * (window.axes() - 1 - i) + 1] = in.output(0).shape().dim(i + 2) - pooled[i + 2];
    }
    return Kernel.statements(
        1,
        "y = torch.to(torch.zeros([" + Sizes.product(pooled) + "]), ops.prim.dtype(x0))",
        "y = torch.scatter(y, 0, torch.reshape(x1, [-1]), torch.reshape(x0, [-1]))",
        "return torch.constant_pad_nd(torch.reshape(y, "
            + ints(pooled)
            + "), "
            + ints(grown)
            + ", 0)");
  }

  private static Kernel lpPool(Operands in) {
    Window window = window(in);
    double p = in.attributes().integer("p", 2);
    String powers = "torch.pow(torch.abs(x0), " + Text.number(p) + ")";
    return Kernel.of(
        "torch.pow("
            + windowSum(in, window, powers, fittingEnd(in, window))
            + ", "
            + Text.number(1 / p)
            + ")");
  }

  /** The type that the kernel computes in. */
  private static int computed(Operands in) {
    DataType type = in.type(0).type();
    return TorchTypes.wider(type).orElseGet(() -> Kernels.code(in, type));
  }

  /** The sum over each window, channel by channel: a convolution with ones. */
  private static String windowSum(Operands in, Window window, String x, long[] end) {
    Shape shape = in.shape(0);
    long[] planes = shape.dims();
    planes[0] = planes[0] * planes[1];
    planes[1] = 1;
    String data =
        WindowKernels.padded(
            "torch.reshape(" + x + ", " + ints(planes) + ")", window.padBegin(), end, "0");
    return "torch.reshape("
        + convolved(window, data, computed(in))
        + ", "
        + ints(in.output(0).shape().dims())
        + ")";
  }

  private static String convolved(Window window, String x, int type) {
    int axes = window.axes();
    long[] kernel = new long[axes + 2];
    Arrays.fill(kernel, 1);
    System.arraycopy(window.kernel(), 0, kernel, 2, axes);
    return "torch.convolution("
        + String.join(
            ", ",
            x,
            "torch.ones(" + ints(kernel) + ", dtype=" + type + ")",
            "None",
            ints(window.stride()),
            Text.repeated(0, axes),
            ints(window.dilation()),
            "False",
            Text.repeated(0, axes),
            "1")
        + ")";
  }
}
