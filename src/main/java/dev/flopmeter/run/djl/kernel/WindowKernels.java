package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.NONE;
import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.dtype;
import static dev.flopmeter.run.djl.kernel.Expression.input;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Window;
import dev.flopmeter.model.shape.TransposedWindow;
import java.util.Arrays;
import java.util.Map;

/** Convolutions. */
final class WindowKernels {
  private WindowKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("Conv", WindowKernels::conv);
    rules.put("ConvTranspose", WindowKernels::convTranspose);
  }

  private static Kernel conv(Operands in) {
    return Kernel.of(convolution(in));
  }

  /** The convolution of a Conv. */
  static Expression convolution(Operands in) {
    return convolution(in, 1, input(0), input(1), in.has(2) ? input(2) : NONE);
  }

  /**
   * A convolution.
   *
   * @param kernel the index of the input that has the shape of {@code w}
   */
  static Expression convolution(
      Operands in, int kernel, Expression x, Expression w, Expression bias) {
    Window window = window(in, kernel);
    long group = in.attributes().integer("group", 1);
    return isSymmetric(window)
        ? convolution(x, w, bias, window, window.padBegin(), group)
        : convolution(padded(x, window, 0), w, bias, window, new long[window.axes()], group);
  }

  private static Expression convolution(
      Expression x, Expression w, Expression bias, Window window, long[] pads, long group) {
    long[] outputPads = new long[window.axes()];
    return call(
        "convolution",
        x,
        w,
        bias,
        window.stride(),
        pads,
        window.dilation(),
        false,
        outputPads,
        group);
  }

  /** The sum over windows of a tensor of one channel: a convolution with ones of {@code type}. */
  static Expression windowSum(Expression x, Window window, int type) {
    long[] kernel = filled(window.axes() + 2, 1);
    System.arraycopy(window.kernel(), 0, kernel, 2, window.axes());
    Expression ones = call("ones", kernel, dtype(type));
    return convolution(x, ones, NONE, window, new long[window.axes()], 1);
  }

  /** The window of a convolution whose kernel is its second input. */
  static Window window(Operands in) {
    return window(in, 1);
  }

  static Window window(Operands in, int weight) {
    Shape kernel = in.shape(weight);
    return Window.of(in.attributes(), in.shape(0), kernel.slice(2, kernel.rank()).dims());
  }

  /** Whether every axis is padded alike before and after, which PyTorch does itself. */
  static boolean isSymmetric(Window window) {
    return Arrays.equals(window.padBegin(), window.padEnd())
        && Arrays.stream(window.padBegin()).allMatch(pad -> pad >= 0);
  }

  /** {@code x} padded with {@code value}, a number, on its spatial axes. */
  static Expression padded(Expression x, Window window, Object value) {
    return padded(x, window.padBegin(), window.padEnd(), value);
  }

  /** {@code x} padded on its last axes, as many as {@code begin} has; cropped where negative. */
  static Expression padded(Expression x, long[] begin, long[] end, Object value) {
    long[] pads = new long[2 * begin.length];
    for (int i = 0; i < begin.length; i++) {
      int at = 2 * (begin.length - 1 - i);
      pads[at] = begin[i];
      pads[at + 1] = end[i];
    }
    return Arrays.stream(pads).allMatch(pad -> pad == 0)
        ? x
        : call("constant_pad_nd", x, pads, value);
  }

  /**
   * The full transposed convolution, cropped (or, by output padding, extended) to the output size;
   * the bias is added last because it applies to the extended part, too.
   */
  private static Kernel convTranspose(Operands in) {
    Shape kernel = in.shape(1);
    int axes = kernel.rank() - 2;
    TransposedWindow window =
        TransposedWindow.of(in.attributes(), in.shape(0), kernel.slice(2, kernel.rank()).dims());
    long[] begin = new long[axes];
    long[] end = new long[axes];
    for (int i = 0; i < axes; i++) {
      long full =
          window.stride()[i] * (in.shape(0).dim(i + 2) - 1)
              + (window.kernel()[i] - 1) * window.dilation()[i]
              + 1;
      begin[i] = -window.padBegin()[i];
      end[i] = window.output().dim(i) - full - begin[i];
    }
    long group = in.attributes().integer("group", 1);
    Expression result =
        padded(
            transposed(input(0), input(1), window.stride(), window.dilation(), group),
            begin,
            end,
            0);
    return Kernel.of(in.has(2) ? result.plus(input(2).alongAxis(axes + 1, 0)) : result)
        .reportedAs("convolution");
  }

  private static Expression transposed(
      Expression x, Expression w, long[] stride, long[] dilation, long group) {
    long[] none = new long[stride.length];
    return call("convolution", x, w, NONE, stride, none, dilation, true, none, group);
  }

  private static long[] filled(int count, long value) {
    long[] values = new long[count];
    Arrays.fill(values, value);
    return values;
  }
}
