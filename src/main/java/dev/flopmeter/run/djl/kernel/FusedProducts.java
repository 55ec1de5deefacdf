package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.NONE;
import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.named;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;

/** Matrix products with the operators that follow them. */
public final class FusedProducts {
  private FusedProducts() {}

  /**
   * A product of a tensor and a matrix that starts from the bias instead of adding it in a second
   * pass, and an activation. (MKL's product is faster here than oneDNN's, which could apply the
   * activation while it writes.)
   *
   * <p>Inputs: 0 and 1 those of the MatMul, 2 the bias.
   *
   * @param activation one without parameters
   */
  public static Kernel linear(Operands in, boolean hasBias, Activation activation) {
    return Kernel.of(activation.of(hasBias ? biased(in) : call("matmul", input(0), input(1))))
        .reportedAs(hasBias ? "addmm" : "matmul");
  }

  private static Expression biased(Operands in) {
    Shape shape = in.shape(0);
    long[] out = shape.dims();
    out[out.length - 1] = in.shape(1).dim(1);
    boolean isMatrix = shape.rank() == 2;
    Expression rows =
        isMatrix ? input(0) : LayoutKernels.reshaped(input(0), -1, in.shape(1).dim(0));
    Expression product = call("addmm", input(2), rows, input(1));
    return isMatrix ? product : LayoutKernels.reshaped(product, out);
  }

  /**
   * {@code softmax(scale q k + mask) v}.
   *
   * <p>Inputs: queries, keys as the product takes them (width x tokens), values, mask.
   */
  public static Kernel attention(double scale, boolean masked) {
    return Kernel.of(
        attention(
            input(0),
            call("transpose", input(1), 2, 3),
            input(2),
            masked ? input(3) : NONE,
            scale));
  }

  /** {@code softmax(scale q k^T + mask) v} in one call. */
  static Expression attention(
      Expression queries, Expression keys, Expression values, Expression mask, double scale) {
    return call(
        "scaled_dot_product_attention",
        queries,
        keys,
        values,
        mask,
        0.0,
        false,
        named("scale", scale));
  }
}
