package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Text.number;

import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import java.util.Map;
import java.util.Optional;

/** Products with what follows them. */
public final class FusedProducts {
  private FusedProducts() {}

  /** What may follow a product in one step: the activations that need no parameters. */
  private static final Map<String, String> ACTIVATIONS =
      Map.of("Relu", "relu", "Sigmoid", "sigmoid", "Tanh", "tanh", "HardSwish", "hardswish");

  /** The activation that {@code node} applies to {@code %}, if it can follow a product. */
  public static Optional<String> activation(Node node) {
    return node.qualifiedOp().equals("Gelu")
        ? UnaryKernels.approximation(node)
            .map(approximate -> "torch.gelu(%, approximate=\"" + approximate + "\")")
        : Optional.ofNullable(ACTIVATIONS.get(node.qualifiedOp()))
            .map(function -> "torch." + function + "(%)");
  }

  /**
   * A product of a tensor and a matrix that starts from the bias instead of adding it in a second
   * pass, and an activation. (MKL's product is faster here than oneDNN's, which could apply the
   * activation while it writes.)
   *
   * <p>Inputs: 0 and 1 those of the MatMul, 2 the bias.
   *
   * @param activation as {@link #activation} gives it; {@code %} for none
   */
  public static Kernel linear(Operands in, boolean hasBias, String activation) {
    Shape shape = in.shape(0);
    Shape weight = in.shape(1);
    String product = "torch.matmul(x0, x1)";
    if (hasBias) {
      String rows = shape.rank() == 2 ? "x0" : LayoutKernels.reshaped("x0", -1, weight.dim(0));
      product = "torch.addmm(x2, " + rows + ", x1)";
      if (shape.rank() > 2) {
        long[] out = shape.dims();
        out[out.length - 1] = weight.dim(1);
        product = LayoutKernels.reshaped(product, out);
      }
    }
    return Kernel.statements(1, "y = " + product, "return " + activation.replace("%", "y"));
  }

  /**
   * {@code softmax(scale q k + mask) v}.
   *
   * <p>Inputs: queries, keys as the product takes them (width x tokens), values, mask.
   */
  public static Kernel attention(double scale, boolean masked) {
    return Kernel.of(
        "torch.scaled_dot_product_attention(x0, torch.transpose(x1, 2, 3), x2, "
            + (masked ? "x3" : "None")
            + ", 0., False, scale="
            + number(scale)
            + ")");
  }
}
