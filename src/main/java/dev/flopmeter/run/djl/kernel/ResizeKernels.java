package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.NONE;
import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.constant;
import static dev.flopmeter.run.djl.kernel.Expression.input;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.shape.ResizeTaps;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Changes of resolution, and sampling at given positions. */
final class ResizeKernels {
  private static final Map<String, Integer> INTERPOLATIONS =
      Map.of("bilinear", 0, "linear", 0, "nearest", 1, "bicubic", 2, "cubic", 2);

  private static final Map<String, Integer> PADDINGS =
      Map.of("zeros", 0, "border", 1, "reflection", 2);

  private ResizeKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("Resize", ResizeKernels::resize);
    rules.put("Upsample", ResizeKernels::resize);
    rules.put("GridSample", ResizeKernels::gridSample);
  }

  /** One axis after the other: a choice of positions, or a product with the matrix of weights. */
  private static Kernel resize(Operands in) {
    String mode = ResizeTaps.mode(in);
    Optional<Expression> direct = direct(in, mode);
    if (direct.isPresent()) {
      return Kernel.of(direct.get()).channelsLast(in.shape(0));
    }
    DataType type = in.type(0).type();
    boolean isExact = type.isFloat() || mode.equals("nearest");
    Expression value = isExact ? input(0) : input(0).to(ScalarTypes.FLOAT);
    for (int axis = 0; axis < in.shape(0).rank(); axis++) {
      Optional<ResizeTaps> taps = ResizeTaps.of(in, axis);
      if (taps.isPresent()) {
        Expression resized =
            mode.equals("nearest")
                ? call("index_select", value, axis, constant(Tensor.ofLongs(inside(taps.get()))))
                : product(value, axis, matrix(taps.get(), in.shape(0).dim(axis)));
        value = extrapolated(in, resized, axis, taps.get());
      }
    }
    return Kernel.of(isExact ? value : call("round", value).to(Kernels.code(in, type)));
  }

  private static long[] inside(ResizeTaps taps) {
    return LongStream.of(taps.index()).map(index -> Math.max(0, index)).toArray();
  }

  /** The weights: a row for each position of the output, a column for each of the input. */
  private static Tensor matrix(ResizeTaps taps, long size) {
    int rows = taps.index().length / taps.taps();
    float[] matrix = new float[Math.toIntExact(rows * size)];
    for (int i = 0; i < taps.index().length; i++) {
      if (taps.index()[i] >= 0) {
        matrix[Math.toIntExact(i / taps.taps() * size + taps.index()[i])] +=
            (float) taps.weight()[i];
      }
    }
    return Tensor.ofFloats(Shape.of(rows, size), matrix);
  }

  private static Expression product(Expression value, int axis, Tensor matrix) {
    Expression product = value.transposed(axis, -1).product(call("t", constant(matrix)));
    return product.transposed(axis, -1);
  }

  /** Fills the positions outside of a cropped input. */
  private static Expression extrapolated(
      Operands in, Expression value, int axis, ResizeTaps resized) {
    int taps = resized.taps();
    double[] outside =
        IntStream.range(0, resized.index().length / taps)
            .mapToDouble(i -> resized.index()[i * taps] < 0 ? 1 : 0)
            .toArray();
    if (DoubleStream.of(outside).allMatch(flag -> flag == 0)) {
      return value;
    }
    Expression mask =
        constant(DenseTensor.ofDoubles(TensorType.of(DataType.BOOL, outside.length), outside));
    return call(
        "masked_fill",
        value,
        mask.alongAxis(in.shape(0).rank(), axis),
        in.attributes().number("extrapolation_value", 0));
  }

  /** PyTorch's own kernels for images, where they compute the same. */
  private static Optional<Expression> direct(Operands in, String mode) {
    Shape shape = in.shape(0);
    Shape out = in.output(0).shape();
    boolean isImage =
        in.type(0).type() == DataType.FLOAT
            && shape.rank() == 4
            && shape.elements() > 0
            && shape.slice(0, 2).equals(out.slice(0, 2))
            && !shape.equals(out);
    long[] sizes = isImage ? out.slice(2, 4).dims() : new long[0];
    if (isImage && mode.equals("nearest") && repeatsEach(in, 2) && repeatsEach(in, 3)) {
      return Optional.of(call("upsample_nearest2d", input(0), sizes, NONE, NONE));
    }
    String transformation = ResizeTaps.transformation(in);
    boolean isAligned = transformation.equals("align_corners");
    boolean isBilinear =
        isImage
            && mode.equals("linear")
            && !in.attributes().flag("antialias", false)
            && !in.attributes().flag("exclude_outside", false)
            && (isAligned || transformation.endsWith("half_pixel"))
            && sizes[0] > 1
            && sizes[1] > 1;
    double[] scales = isBilinear ? ResizeTaps.scales(in) : new double[0];
    return isBilinear
        ? Optional.of(call("upsample_bilinear2d", input(0), sizes, isAligned, scales[2], scales[3]))
        : Optional.empty();
  }

  /** Whether an axis grows by a whole factor, each element that many times in a row. */
  private static boolean repeatsEach(Operands in, int axis) {
    long factor = in.output(0).shape().dim(axis) / in.shape(0).dim(axis);
    long[] repeated =
        LongStream.range(0, factor * in.shape(0).dim(axis)).map(i -> i / factor).toArray();
    return Arrays.equals(repeated, ResizeTaps.of(in, axis).map(ResizeTaps::index).orElse(repeated));
  }

  private static Kernel gridSample(Operands in) {
    String mode = in.opset() < 20 ? "bilinear" : "linear";
    int interpolation = choice(in, "mode", mode, INTERPOLATIONS);
    int beyond = choice(in, "padding_mode", "zeros", PADDINGS);
    boolean aligns = in.attributes().flag("align_corners", false);
    return Kernel.of(call("grid_sampler", input(0), input(1), interpolation, beyond, aligns));
  }

  /** PyTorch's number of what an attribute names. */
  private static int choice(
      Operands in, String attribute, String absent, Map<String, Integer> numbers) {
    String name = in.attributes().text(attribute, absent);
    return Optional.ofNullable(numbers.get(name))
        .orElseThrow(() -> Kernels.unsupported(in, attribute + " '" + name + "'"));
  }
}
