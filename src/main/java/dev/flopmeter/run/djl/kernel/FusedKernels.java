package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.NONE;
import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.named;
import static dev.flopmeter.run.djl.kernel.Expression.once;
import static dev.flopmeter.run.djl.kernel.Expression.scalars;
import static dev.flopmeter.run.djl.kernel.Expression.word;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Window;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Convolutions and products with the operators that follow them.
 *
 * <p>oneDNN's convolution takes a folded batch normalisation, an added residual, an activation.
 * Weights are constants and are packed once in the order that oneDNN prefers; images are kept with
 * channels last.
 */
public final class FusedKernels {
  private static final int CHANNELS_LAST = 2;

  private FusedKernels() {}

  /** The first of the four inputs of a normalisation. */
  public static final int NORM = 3;

  /** The input that is added to the result. */
  public static final int OTHER = 7;

  /** The input that multiplies the normalised result, one number for each channel. */
  public static final int FACTOR = 8;

  /** The input that is added to that, one number for each channel. */
  public static final int BIAS = 9;

  /** The tensor that is added to a convolution's result. */
  public enum Addend {
    NONE,
    /** Read later, too. */
    KEPT,
    /** Not read again: the sum may overwrite it, which saves a pass over memory. */
    SPENT
  }

  /** Whether oneDNN can take this Conv: two-dimensional, float32, constant weights. */
  public static boolean takesConv(Operands in) {
    return in.knownType(0).isPresent()
        && in.type(0).type() == DataType.FLOAT
        && in.value(1).isPresent()
        && (!in.has(2) || in.value(2).isPresent())
        && takesConvolution(in, 1);
  }

  /**
   * The convolution and the operators that follow it.
   *
   * <p>Inputs: 0 to 2 those of the Conv, 3 to 6 scale, bias, mean and variance of the
   * normalisation, 7 the added tensor, 8 a factor, 9 a bias.
   *
   * @param epsilon of the normalisation; NaN without normalisation
   */
  public static Kernel conv(
      Operands in,
      double epsilon,
      boolean isMultiplied,
      boolean isBiased,
      Addend addend,
      Activation activation) {
    Expression weight = input(1);
    Expression bias = in.has(2) ? input(2) : NONE;
    if (!Double.isNaN(epsilon)) {
      Expression root = call("rsqrt", input(NORM + 3).plus(epsilon));
      Expression scale = input(NORM).times(root);
      weight = weight.times(scale.alongAxis(4, 0));
      Expression mean = input(NORM + 2);
      Expression centre = in.has(2) ? bias.minus(mean) : call("neg", mean);
      bias = centre.times(scale).plus(input(NORM + 1));
    }
    if (isMultiplied) {
      Expression factor = input(FACTOR).reshaped(-1);
      weight = weight.times(factor.alongAxis(4, 0));
      bias = bias == NONE ? NONE : bias.times(factor);
    }
    if (isBiased) {
      Expression added = input(BIAS).reshaped(-1);
      bias = bias == NONE ? added : bias.plus(added);
    }
    long group = in.attributes().integer("group", 1);
    List<Object> convolution = arguments(window(in, 1), group, in.shape(0), input(0), weight, bias);
    return Kernel.of(joined(convolution, addend, activation)).channelsLast();
  }

  /** Whether oneDNN can take a convolution of float32 with the shape of input {@code kernel}. */
  static boolean takesConvolution(Operands in, int kernel) {
    return in.shape(0).rank() == 4 && in.shape(0).elements() > 0 && isSymmetric(window(in, kernel));
  }

  /** Whether every axis is padded alike before and after, which PyTorch does itself. */
  private static boolean isSymmetric(Window window) {
    return window.isSymmetric() && Arrays.stream(window.padBegin()).allMatch(pad -> pad >= 0);
  }

  private static Window window(Operands in, int weight) {
    Shape kernel = in.shape(weight);
    return Window.of(in.attributes(), in.shape(0), kernel.slice(2, kernel.rank()).dims());
  }

  /**
   * A convolution and nothing else.
   *
   * @param kernel the input that has the window's shape
   * @param image the shape of {@code x}
   * @param weights a value over constant inputs
   */
  static Expression convolution(
      Operands in, int kernel, Shape image, Expression x, Expression weights) {
    long group = in.attributes().integer("group", 1);
    Window window = window(in, kernel);
    List<Object> convolution = arguments(window, group, image, channelsLast(x), weights, NONE);
    return joined(convolution, Addend.NONE, Activation.NONE);
  }

  /** Image, packed weights, bias and geometry, as oneDNN's functions take them. */
  private static List<Object> arguments(
      Window window, long group, Shape image, Expression x, Expression weight, Expression bias) {
    Object[] geometry = {window.padBegin(), window.stride(), window.dilation(), group};
    List<Object> packing = new ArrayList<>(List.of(weight));
    packing.addAll(List.of(geometry));
    packing.add(image.dims());
    List<Object> convolution = new ArrayList<>();
    convolution.add(x);
    convolution.add(once(call("ops.mkldnn._reorder_convolution_weight", packing.toArray())));
    convolution.add(bias == NONE ? NONE : once(bias));
    convolution.addAll(List.of(geometry));
    return convolution;
  }

  private static Expression joined(List<Object> convolution, Addend addend, Activation activation) {
    List<Object> arguments = new ArrayList<>(convolution);
    if (addend == Addend.NONE) {
      arguments.addAll(activation.arguments());
      return call("ops.mkldnn._convolution_pointwise", arguments.toArray());
    }
    arguments.addAll(List.of(word("add"), 1.0));
    arguments.addAll(
        activation.equals(Activation.NONE)
            ? List.of(NONE, scalars(), NONE)
            : activation.arguments());
    Expression other = channelsLast(input(OTHER));
    if (addend == Addend.SPENT) {
      arguments.add(0, other);
      return call("ops.mkldnn._convolution_pointwise_", arguments.toArray());
    }
    arguments.add(1, other);
    return call("ops.mkldnn._convolution_pointwise", arguments.toArray());
  }

  private static Expression channelsLast(Expression image) {
    return call("contiguous", image, named("memory_format", CHANNELS_LAST));
  }

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
    return Kernel.of(activation.of(hasBias ? biased(in) : input(0).product(input(1))))
        .reportedAs(hasBias ? "addmm" : "matmul");
  }

  private static Expression biased(Operands in) {
    Shape shape = in.shape(0);
    long[] out = shape.dims();
    out[out.length - 1] = in.shape(1).dim(1);
    boolean isMatrix = shape.rank() == 2;
    Expression rows = isMatrix ? input(0) : input(0).reshaped(-1, in.shape(1).dim(0));
    Expression product = call("addmm", input(2), rows, input(1));
    return isMatrix ? product : product.reshaped(out);
  }

  /**
   * {@code softmax(scale q k + mask) v}.
   *
   * <p>Inputs: queries, keys as the product takes them (width x tokens), values, mask.
   */
  public static Kernel attention(double scale, boolean masked) {
    return Kernel.of(
        call(
            "scaled_dot_product_attention",
            input(0),
            input(1).transposed(2, 3),
            input(2),
            masked ? input(3) : NONE,
            0.0,
            false,
            named("scale", scale)));
  }
}
