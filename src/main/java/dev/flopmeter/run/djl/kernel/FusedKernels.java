package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Text.ints;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Window;
import java.util.List;

/**
 * oneDNN's convolution and product with what follows them: a folded batch normalisation, an added
 * residual, an activation. Weights are constants and are packed once in the order oneDNN likes;
 * images are kept with channels last.
 */
public final class FusedKernels {
  private FusedKernels() {}

  /** Where the inputs of a fused convolution stand. */
  public static final int NORM = 3;

  /** Where the added tensor stands. */
  public static final int OTHER = 7;

  /** The tensor that is added to a convolution's result. */
  public enum Addend {
    NONE,
    /** Read later, too. */
    KEPT,
    /**
     * Nobody reads it any more: the sum may be written in its place, which saves a pass over it.
     */
    SPENT
  }

  /** Whether oneDNN can take this Conv: two-dimensional, float32, constant weights. */
  public static boolean takesConv(Operands in) {
    return in.knownType(0).isPresent()
        && in.type(0).type() == DataType.FLOAT
        && in.shape(0).rank() == 4
        && in.shape(0).elements() > 0
        && in.value(1).isPresent()
        && (!in.has(2) || in.value(2).isPresent())
        && WindowKernels.isSymmetric(WindowKernels.window(in));
  }

  /**
   * The convolution, followed by what is asked for.
   *
   * <p>Inputs: 0 to 2 those of the Conv, 3 to 6 scale, bias, mean and variance of the
   * normalisation, 7 the added tensor.
   *
   * @param epsilon of the normalisation; NaN where there is none
   */
  public static Kernel conv(Operands in, double epsilon, Addend addend, Activation activation) {
    Window window = WindowKernels.window(in);
    boolean normalises = !Double.isNaN(epsilon);
    String scale = "torch.mul(x3, torch.rsqrt(torch.add(x6, " + Text.number(epsilon) + ")))";
    String weight =
        normalises ? "torch.mul(x1, torch.reshape(" + scale + ", [-1, 1, 1, 1]))" : "x1";
    String mean = in.has(2) ? "torch.sub(x2, x5)" : "torch.neg(x5)";
    String bias =
        normalises
            ? "torch.add(torch.mul(" + mean + ", " + scale + "), x4)"
            : in.has(2) ? "x2" : "";
    String geometry =
        String.join(
            ", ",
            ints(window.padBegin()),
            ints(window.stride()),
            ints(window.dilation()),
            Long.toString(in.attributes().integer("group", 1)));
    String packed =
        "ops.mkldnn._reorder_convolution_weight("
            + weight
            + ", "
            + geometry
            + ", "
            + ints(in.shape(0).dims())
            + ")";
    String image = "torch.contiguous(x0, memory_format=2)";
    String b = bias.isEmpty() ? "None" : "p1";
    String call = call(List.of(image, "p0", b, geometry), addend, activation);
    return bias.isEmpty()
        ? Kernel.of(call).preparing(packed)
        : Kernel.of(call).preparing(packed, bias);
  }

  private static String call(List<String> convolution, Addend addend, Activation activation) {
    String arguments = String.join(", ", convolution);
    if (addend == Addend.NONE) {
      return "ops.mkldnn._convolution_pointwise(" + arguments + ", " + activation.arguments() + ")";
    }
    String other = "torch.contiguous(x" + OTHER + ", memory_format=2)";
    String sum =
        ", \"add\", 1.0, "
            + (activation.equals(Activation.NONE)
                ? "None, annotate(List[Optional[number]], []), None"
                : activation.arguments());
    if (addend == Addend.SPENT) {
      return "ops.mkldnn._convolution_pointwise_(" + other + ", " + arguments + sum + ")";
    }
    String image = convolution.get(0);
    String rest = String.join(", ", convolution.subList(1, convolution.size()));
    return "ops.mkldnn._convolution_pointwise(" + image + ", " + other + ", " + rest + sum + ")";
  }
}
