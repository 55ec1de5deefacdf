package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Text.ints;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
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
    rules.put("ConvInteger", WindowKernels::convInteger);
    rules.put("Col2Im", WindowKernels::columnsToImage);
  }

  private static Kernel conv(Operands in) {
    return Kernel.of(convolution(in, "x0", "x1", in.has(2) ? "x2" : "None"));
  }

  /** Products of 8-bit integers fit float64 exactly. */
  private static Kernel convInteger(Operands in) {
    String x = shifted(in, 0, 2);
    String w = shifted(in, 1, 3);
    return Kernel.of("torch.to(" + convolution(in, x, w, "None") + ", " + TorchTypes.INT32 + ")");
  }

  /** Input {@code index} in float64, less its zero point. */
  static String shifted(Operands in, int index, int zeroPoint) {
    String value = "torch.to(x" + index + ", " + TorchTypes.DOUBLE + ")";
    if (!in.has(zeroPoint)) {
      return value;
    }
    String zero = "torch.to(x" + zeroPoint + ", " + TorchTypes.DOUBLE + ")";
    Shape own = in.shape(zeroPoint);
    if (own.elements() > 1 && index == 1 && own.rank() == 1) {
      long[] dims = new long[in.shape(1).rank()];
      Arrays.fill(dims, 1);
      dims[0] = own.dim(0);
      zero = "torch.reshape(" + zero + ", " + ints(dims) + ")";
    }
    return "torch.sub(" + value + ", " + zero + ")";
  }

  static String convolution(Operands in, String x, String w, String bias) {
    return convolution(in, 1, x, w, bias);
  }

  /** A convolution whose kernel is input {@code weight}. */
  static String convolution(Operands in, int weight, String x, String w, String bias) {
    Shape shape = in.shape(0);
    Window window = window(in, weight);
    long group = in.attributes().integer("group", 1);
    String data = isSymmetric(window) ? x : padded(x, window, "0");
    long[] pads = isSymmetric(window) ? window.padBegin() : new long[window.axes()];
    return "torch.convolution("
        + String.join(
            ", ",
            data,
            w,
            bias,
            ints(window.stride()),
            ints(pads),
            ints(window.dilation()),
            "False",
            Text.repeated(0, shape.rank() - 2),
            Long.toString(group))
        + ")";
  }

  /** The window of a convolution whose kernel is its second input. */
  static Window window(Operands in) {
    return window(in, 1);
  }

  private static Window window(Operands in, int weight) {
    Shape kernel = in.shape(weight);
    return Window.of(in.attributes(), in.shape(0), kernel.slice(2, kernel.rank()).dims());
  }

  /** Whether every axis is padded alike before and after, which PyTorch does itself. */
  static boolean isSymmetric(Window window) {
    return Arrays.equals(window.padBegin(), window.padEnd())
        && Arrays.stream(window.padBegin()).allMatch(pad -> pad >= 0);
  }

  /** {@code x} padded with {@code value} on its spatial axes. */
  static String padded(String x, Window window, String value) {
    return padded(x, window.padBegin(), window.padEnd(), value);
  }

  static String padded(String x, long[] begin, long[] end, String value) {
    long[] pads = new long[2 * begin.length];
    for (int i = 0; i < begin.length; i++) {
      int at = 2 * (begin.length - 1 - i);
      pads[at] = begin[i];
      pads[at + 1] = end[i];
    }
    return Arrays.stream(pads).allMatch(pad -> pad == 0)
        ? x
        : "torch.constant_pad_nd(" + x + ", " + ints(pads) + ", " + value + ")";
  }

  /**
   * The full transposed convolution, cut (or, by output padding, grown) to the asked size; the bias
   * comes last because it belongs on the grown part too.
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
    String result =
        "torch.convolution("
            + String.join(
                ", ",
                "x0",
                "x1",
                "None",
                ints(window.stride()),
                Text.repeated(0, axes),
                ints(window.dilation()),
                "True",
                Text.repeated(0, axes),
                Long.toString(in.attributes().integer("group", 1)))
            + ")";
    result = padded(result, begin, end, "0");
    if (in.has(2)) {
      long[] dims = new long[axes + 1];
      Arrays.fill(dims, 1);
      dims[0] = in.shape(2).elements();
      result = "torch.add(" + result + ", torch.reshape(x2, " + ints(dims) + "))";
    }
    return Kernel.of(result);
  }

  /** Columns are what a transposed convolution with the unit vectors as kernels puts together. */
  private static Kernel columnsToImage(Operands in) {
    long[] image = in.requireLongs(1);
    long[] block = in.requireLongs(2);
    int axes = image.length;
    long[] stride = in.attributes().integers("strides", filled(axes, 1));
    long[] dilation = in.attributes().integers("dilations", filled(axes, 1));
    long[] pads = in.attributes().integers("pads", new long[2 * axes]);
    long places = Sizes.product(block);
    long[] columns = new long[axes + 2];
    long[] kernel = new long[axes + 2];
    long[] begin = new long[axes];
    long[] end = new long[axes];
    columns[0] = in.shape(0).dim(0) * in.shape(0).dim(1) / places;
    columns[1] = places;
    kernel[0] = places;
    kernel[1] = 1;
    for (int i = 0; i < axes; i++) {
      long span = (block[i] - 1) * dilation[i] + 1;
      columns[i + 2] = (image[i] + pads[i] + pads[axes + i] - span) / stride[i] + 1;
      kernel[i + 2] = block[i];
      begin[i] = -pads[i];
      end[i] = image[i] - ((columns[i + 2] - 1) * stride[i] + span) + pads[i];
    }
    String full =
        "torch.convolution("
            + String.join(
                ", ",
                "torch.reshape(x0, " + ints(columns) + ")",
                "torch.reshape(torch.eye(" + places + "), " + ints(kernel) + ")",
                "None",
                ints(stride),
                Text.repeated(0, axes),
                ints(dilation),
                "True",
                Text.repeated(0, axes),
                "1")
            + ")";
    return Kernel.of(
        LayoutKernels.reshaped(padded(full, begin, end, "0"), in.output(0).shape().dims()));
  }

  private static long[] filled(int count, long value) {
    long[] values = new long[count];
    Arrays.fill(values, value);
    return values;
  }
}
