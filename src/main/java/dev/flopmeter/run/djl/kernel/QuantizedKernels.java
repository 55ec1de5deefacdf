package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.NONE;
import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.input;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
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
    Expression x = call("sub", wide(0), wide(2));
    Expression zero = LayoutKernels.alongAxis(wide(5), in.shape(3).rank(), 0);
    Expression w = call("sub", wide(3), zero);
    Expression bias = in.has(8) ? wide(8) : NONE;
    Expression scale =
        factor(
            single(1),
            LayoutKernels.alongAxis(single(4), rank, 1),
            LayoutKernels.alongAxis(single(6), rank, 1));
    return requantized(in, WindowKernels.convolution(in, 3, x, w, bias), scale)
        .reportedAs("convolution");
  }

  /** Inputs: a, its scale and zero point, b, its two, y's two. */
  private static Kernel product(Operands in) {
    Expression a = call("sub", wide(0), rows(in, 2, wide(2)));
    Expression b = call("sub", wide(3), wide(5));
    Expression scale = factor(rows(in, 1, single(1)), single(4), rows(in, 6, single(6)));
    return requantized(in, call("matmul", a, b), scale).reportedAs("matmul");
  }

  private static Expression factor(Expression a, Expression b, Expression y) {
    return call("div", call("mul", a, b), y);
  }

  private static Expression wide(int input) {
    return call("to", input(input), TorchTypes.DOUBLE);
  }

  private static Expression single(int input) {
    return call("to", input(input), TorchTypes.FLOAT);
  }

  /** A vector is one value a row of the first matrix. */
  private static Expression rows(Operands in, int input, Expression value) {
    Shape shape = in.shape(input);
    boolean isVector = shape.rank() == 1 && shape.elements() > 1;
    return isVector ? call("unsqueeze", value, -1) : value;
  }

  private static Kernel requantized(Operands in, Expression sum, Expression scale) {
    Expression real = call("mul", call("to", sum, TorchTypes.FLOAT), scale);
    Expression shifted = call("add", call("round", real), single(7));
    return Kernel.of(ConversionKernels.saturated(in, shifted, in.type(7).type()));
  }
}
