package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Text.ints;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import java.util.Arrays;
import java.util.Map;

/**
 * Convolution and product of quantised tensors. Their integer sums fit float64 exactly; they are
 * scaled in float32, as the integer kernels of other runtimes do.
 */
final class QuantizedKernels {
  private QuantizedKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("QLinearConv", QuantizedKernels::convolution);
    rules.put("QLinearMatMul", QuantizedKernels::product);
  }

  /** Inputs: x, its scale and zero point, w, its two, y's two, bias. */
  private static Kernel convolution(Operands in) {
    int rank = in.shape(0).rank();
    String x = "torch.sub(" + wide(0) + ", " + wide(2) + ")";
    String w = "torch.sub(" + wide(3) + ", " + along(in, 5, wide(5), in.shape(3).rank(), 0) + ")";
    String bias = in.has(8) ? wide(8) : "None";
    String scale =
        factor(single(1), along(in, 4, single(4), rank, 1), along(in, 6, single(6), rank, 1));
    return requantized(in, WindowKernels.convolution(in, 3, x, w, bias), scale, 7);
  }

  /** Inputs: a, its scale and zero point, b, its two, y's two. */
  private static Kernel product(Operands in) {
    String a = "torch.sub(" + wide(0) + ", " + rows(in, 2, wide(2)) + ")";
    String b = "torch.sub(" + wide(3) + ", " + wide(5) + ")";
    String scale = factor(rows(in, 1, single(1)), single(4), rows(in, 6, single(6)));
    return requantized(in, "torch.matmul(" + a + ", " + b + ")", scale, 7);
  }

  private static String factor(String a, String b, String y) {
    return "torch.div(torch.mul(" + a + ", " + b + "), " + y + ")";
  }

  private static String wide(int input) {
    return "torch.to(x" + input + ", " + TorchTypes.DOUBLE + ")";
  }

  private static String single(int input) {
    return "torch.to(x" + input + ", " + TorchTypes.FLOAT + ")";
  }

  /** One value for all, or one for each index of {@code axis}. */
  private static String along(Operands in, int input, String value, int rank, int axis) {
    long[] dims = new long[rank];
    Arrays.fill(dims, 1);
    dims[axis] = in.shape(input).elements();
    return "torch.reshape(" + value + ", " + ints(dims) + ")";
  }

  /** A vector is one value a row of the first matrix. */
  private static String rows(Operands in, int input, String value) {
    Shape shape = in.shape(input);
    boolean vector = shape.rank() == 1 && shape.elements() > 1;
    return vector ? "torch.unsqueeze(" + value + ", -1)" : value;
  }

  private static Kernel requantized(Operands in, String sum, String scale, int zeroPoint) {
    String real = "torch.mul(torch.to(" + sum + ", " + TorchTypes.FLOAT + "), " + scale + ")";
    String shifted = "torch.add(torch.round(" + real + "), " + single(zeroPoint) + ")";
    return Kernel.of(ConversionKernels.saturated(in, shifted, in.type(zeroPoint).type()));
  }
}
