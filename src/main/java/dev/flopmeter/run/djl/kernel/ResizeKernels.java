package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.NONE;
import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.constant;
import static dev.flopmeter.run.djl.kernel.Expression.input;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;

/** Changes of resolution, and sampling at given places. */
final class ResizeKernels {
  private ResizeKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("Resize", ResizeKernels::resize);
    rules.put("Upsample", ResizeKernels::resize);
    rules.put("GridSample", ResizeKernels::gridSample);
  }

  /** One axis after the other: a choice of places, or a product with the matrix of weights. */
  private static Kernel resize(Operands in) {
    Shape shape = in.shape(0);
    Shape out = in.output(0).shape();
    String mode = mode(in);
    Optional<Kernel> direct = mode.equals("nearest") ? wholeFactors(in) : bilinear(in, mode);
    if (direct.isPresent()) {
      return direct.get();
    }
    DataType type = in.type(0).type();
    boolean isFloat = type.isFloat();
    boolean isExact = isFloat || mode.equals("nearest");
    Expression value = isExact ? input(0) : call("to", input(0), TorchTypes.FLOAT);
    for (int axis = 0; axis < shape.rank(); axis++) {
      Optional<Interpolation> interpolation = interpolation(in, mode, axis);
      if (interpolation.isEmpty()) {
        continue;
      }
      if (mode.equals("nearest")) {
        Tensor places = Tensor.ofLongs(interpolation.get().nearest());
        value = call("index_select", value, axis, constant(places));
      } else {
        value =
            product(
                value,
                axis,
                Tensor.ofFloats(
                    Shape.of(out.dim(axis), shape.dim(axis)), interpolation.get().matrix()));
      }
      value = extrapolated(in, value, axis, interpolation.get());
    }
    return Kernel.of(isExact ? value : call("to", call("round", value), Kernels.code(in, type)));
  }

  private static String mode(Operands in) {
    String mode = in.attributes().text("mode", "nearest");
    return mode.equals("bilinear") || mode.equals("trilinear") ? "linear" : mode;
  }

  private static Expression product(Expression value, int axis, Tensor matrix) {
    Expression product =
        call("matmul", call("transpose", value, axis, -1), call("t", constant(matrix)));
    return call("transpose", product, axis, -1);
  }

  private static Expression extrapolated(
      Operands in, Expression value, int axis, Interpolation interpolation) {
    boolean[] outside = interpolation.outside();
    double[] flags = new double[outside.length];
    if (allFalse(outside)) {
      return value;
    }
    for (int i = 0; i < flags.length; i++) {
      flags[i] = outside[i] ? 1 : 0;
    }
    Expression mask =
        constant(DenseTensor.ofDoubles(TensorType.of(DataType.BOOL, flags.length), flags));
    return call(
        "masked_fill",
        value,
        LayoutKernels.alongAxis(mask, in.shape(0).rank(), axis),
        in.attributes().number("extrapolation_value", 0));
  }

  private static boolean allFalse(boolean[] flags) {
    for (boolean flag : flags) {
      if (flag) {
        return false;
      }
    }
    return true;
  }

  /** PyTorch's own bilinear kernel, where it means the same. */
  private static Optional<Kernel> bilinear(Operands in, String mode) {
    Attributes attributes = in.attributes();
    Shape shape = in.shape(0);
    Shape out = in.output(0).shape();
    String transformation =
        attributes.text(
            "coordinate_transformation_mode", in.opset() < 11 ? "asymmetric" : "half_pixel");
    boolean fits =
        mode.equals("linear")
            && in.type(0).type() == DataType.FLOAT
            && shape.rank() == 4
            && shape.slice(0, 2).equals(out.slice(0, 2))
            && !attributes.flag("antialias", false)
            && !attributes.flag("exclude_outside", false)
            && !out.equals(shape)
            && (transformation.equals("half_pixel") || transformation.equals("pytorch_half_pixel"))
            && out.dim(2) > 1
            && out.dim(3) > 1;
    if (!fits) {
      return Optional.empty();
    }
    double[] scales = scales(in);
    return Optional.of(
        Kernel.of(
            call(
                "upsample_bilinear2d",
                input(0),
                out.slice(2, 4).dims(),
                false,
                scales[2],
                scales[3])));
  }

  /** PyTorch's own kernel for images that grow by whole factors, where it picks the same pixels. */
  private static Optional<Kernel> wholeFactors(Operands in) {
    Shape shape = in.shape(0);
    Shape out = in.output(0).shape();
    boolean fits =
        in.type(0).type() == DataType.FLOAT
            && shape.rank() == 4
            && shape.slice(0, 2).equals(out.slice(0, 2))
            && !out.equals(shape)
            && repeatsEach(in, 2)
            && repeatsEach(in, 3);
    return fits
        ? Optional.of(
            Kernel.of(call("upsample_nearest2d", input(0), out.slice(2, 4).dims(), NONE, NONE)))
        : Optional.empty();
  }

  private static boolean repeatsEach(Operands in, int axis) {
    long size = in.shape(0).dim(axis);
    long out = in.output(0).shape().dim(axis);
    if (size == 0 || out % size != 0) {
      return false;
    }
    Interpolation interpolation = interpolation(in, "nearest", axis).orElse(null);
    return interpolation == null
        || (allFalse(interpolation.outside())
            && Arrays.equals(
                interpolation.nearest(),
                LongStream.range(0, out).map(i -> i / (out / size)).toArray()));
  }

  private static Optional<Interpolation> interpolation(Operands in, String mode, int axis) {
    Shape shape = in.shape(0);
    double scale = scales(in)[axis];
    long out = in.output(0).shape().dim(axis);
    double[] region = region(in, axis);
    boolean crops =
        in.attributes().text("coordinate_transformation_mode", "").equals("tf_crop_and_resize");
    boolean same =
        out == shape.dim(axis) && scale == 1 && (!crops || (region[0] == 0 && region[1] == 1));
    return same
        ? Optional.empty()
        : Optional.of(
            new Interpolation(
                in.attributes(),
                mode,
                in.node().op().equals("Upsample") ? 9 : in.opset(),
                shape.dim(axis),
                out,
                scale,
                region[0],
                region[1]));
  }

  private static long[] axes(Operands in) {
    int rank = in.shape(0).rank();
    return in.attributes().integers("axes").orElseGet(() -> LongStream.range(0, rank).toArray());
  }

  /** One scale an axis, from scales or sizes, as input or (Upsample 7) attribute. */
  private static double[] scales(Operands in) {
    Shape shape = in.shape(0);
    double[] scales = new double[shape.rank()];
    Arrays.fill(scales, 1);
    long[] axes = axes(in);
    boolean isOld = in.node().op().equals("Upsample") || in.opset() < 11;
    Shape out = in.output(0).shape();
    if (!isOld && in.has(3) && in.shape(3).elements() > 0) {
      double common = commonScale(in, axes);
      for (long asked : axes) {
        int axis = shape.axis(asked);
        scales[axis] = Double.isNaN(common) ? (double) out.dim(axis) / shape.dim(axis) : common;
      }
      return scales;
    }
    float[] attribute = in.attributes().numbers("scales").orElse(null);
    for (int i = 0; i < axes.length; i++) {
      scales[shape.axis(axes[i])] =
          attribute == null ? in.requireValue(isOld ? 1 : 2).doubleAt(i) : attribute[i];
    }
    return scales;
  }

  /** The one scale of a policy that keeps the aspect ratio; NaN under {@code stretch}. */
  private static double commonScale(Operands in, long[] axes) {
    String policy = in.attributes().text("keep_aspect_ratio_policy", "stretch");
    if (policy.equals("stretch")) {
      return Double.NaN;
    }
    Tensor sizes = in.requireValue(3);
    double least = Double.POSITIVE_INFINITY;
    double most = 0;
    for (int i = 0; i < axes.length; i++) {
      double scale = sizes.doubleAt(i) / in.shape(0).dim(in.shape(0).axis(axes[i]));
      least = Math.min(least, scale);
      most = Math.max(most, scale);
    }
    return policy.equals("not_larger") ? least : most;
  }

  /** Start and end of the region that tf_crop_and_resize takes of an axis. */
  private static double[] region(Operands in, int axis) {
    boolean crops =
        in.attributes().text("coordinate_transformation_mode", "").equals("tf_crop_and_resize");
    long[] axes = axes(in);
    for (int i = 0; crops && i < axes.length; i++) {
      if (in.shape(0).axis(axes[i]) == axis) {
        Tensor roi = in.requireValue(1);
        return new double[] {roi.doubleAt(i), roi.doubleAt(i + axes.length)};
      }
    }
    return new double[] {0, 1};
  }

  private static Kernel gridSample(Operands in) {
    String mode = in.attributes().text("mode", in.opset() < 20 ? "bilinear" : "linear");
    int interpolation =
        switch (mode) {
          case "bilinear", "linear" -> 0;
          case "nearest" -> 1;
          case "bicubic", "cubic" -> 2;
          default -> throw Kernels.unsupported(in, "mode '" + mode + "'");
        };
    String padding = in.attributes().text("padding_mode", "zeros");
    int beyond =
        switch (padding) {
          case "zeros" -> 0;
          case "border" -> 1;
          case "reflection" -> 2;
          default -> throw Kernels.unsupported(in, "padding_mode '" + padding + "'");
        };
    boolean aligns = in.attributes().flag("align_corners", false);
    return Kernel.of(call("grid_sampler", input(0), input(1), interpolation, beyond, aligns));
  }
}
