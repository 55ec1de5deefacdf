package dev.flopmeter.model.shape;

import static dev.flopmeter.model.equation.Terms.real;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * The elements of one axis, with their weights, that each position of the resized axis combines:
 * ONNX's Resize and Upsample.
 *
 * @param taps the number of elements for each position
 * @param index {@code taps} indices for each position; -1 if the position is outside a cropped
 *     input and takes the extrapolation value
 * @param weight {@code taps} weights for each position
 */
@SuppressWarnings("ArrayRecordComponent") // never changed
public record ResizeTaps(int taps, long[] index, double[] weight) {

  /** {@code nearest}, {@code linear} or {@code cubic}. */
  public static String mode(Operands in) {
    String mode = in.attributes().text("mode", "nearest");
    return mode.equals("bilinear") || mode.equals("trilinear") ? "linear" : mode;
  }

  /** The rule by which positions of the output map to those of the input. */
  public static String transformation(Operands in) {
    return in.attributes()
        .text("coordinate_transformation_mode", isOld(in) ? "asymmetric" : "half_pixel");
  }

  /** An axis that keeps its size. */
  public static ResizeTaps identity(long size) {
    double[] weight = new double[Math.toIntExact(size)];
    Arrays.fill(weight, 1);
    return new ResizeTaps(1, LongStream.range(0, size).toArray(), weight);
  }

  /**
   * The taps of an axis; empty if it keeps its size.
   *
   * @throws dev.flopmeter.model.DataDependentException if scales, sizes or region are not known
   */
  public static Optional<ResizeTaps> of(Operands in, int axis) {
    long size = in.shape(0).dim(axis);
    long out = in.output(0).shape().dim(axis);
    double scale = real(NodeSizes.of(in, "resizing").get(in.shape(0).rank() + axis));
    double[] region = region(in, axis);
    return out == size && scale == 1 && region[0] == 0 && region[1] == 1
        ? Optional.empty()
        : Optional.of(new Axis(in, size, out, scale, region).taps());
  }

  private static boolean isOld(Operands in) {
    return in.node().op().equals("Upsample") || in.opset() < 11;
  }

  /** Start and end of the part of an axis that tf_crop_and_resize uses, as fractions. */
  private static double[] region(Operands in, int axis) {
    Shape shape = in.shape(0);
    long[] all = LongStream.range(0, shape.rank()).toArray();
    long[] axes = in.attributes().integers("axes", all);
    for (int i = 0; transformation(in).equals("tf_crop_and_resize") && i < axes.length; i++) {
      if (shape.axis(axes[i]) == axis) {
        Tensor region = in.requireValue(1);
        return new double[] {region.doubleAt(i), region.doubleAt(i + axes.length)};
      }
    }
    return new double[] {0, 1};
  }

  /**
   * One axis.
   *
   * @param size elements of the input
   * @param out elements of the output
   * @param scale output over input as requested, which need not be their quotient
   */
  private record Axis(Operands in, long size, long out, double scale, double[] region) {

    ResizeTaps taps() {
      boolean isNearest = mode(in).equals("nearest");
      Attributes attributes = in.attributes();
      boolean isCubic = mode(in).equals("cubic");
      double stretch = attributes.flag("antialias", false) && scale < 1 ? 1 / scale : 1;
      double radius = (isCubic ? 2 : 1) * stretch;
      int taps = isNearest ? 1 : (int) Math.ceil(2 * radius) + (stretch > 1 ? 1 : 0);
      ResizeTaps result =
          new ResizeTaps(
              taps, new long[Math.toIntExact(out * taps)], new double[Math.toIntExact(out * taps)]);
      for (int i = 0; i < out; i++) {
        double x = source(i);
        long first = isNearest ? nearest(x) : (long) Math.floor(x - radius) + 1;
        double sum = 0;
        for (int tap = 0; tap < taps; tap++) {
          long at = first + tap;
          double distance = Math.abs(at - x) / stretch;
          boolean isLeftOut = attributes.flag("exclude_outside", false) && (at < 0 || at >= size);
          double weight =
              isNearest ? 1 : isLeftOut ? 0 : isCubic ? cubic(distance) : Math.max(0, 1 - distance);
          result.index[i * taps + tap] = isOutside(x) ? -1 : Math.max(0, Math.min(size - 1, at));
          result.weight[i * taps + tap] = weight;
          sum += weight;
        }
        for (int tap = 0; tap < taps; tap++) {
          result.weight[i * taps + tap] /= sum;
        }
      }
      return result;
    }

    private boolean isOutside(double x) {
      return transformation(in).equals("tf_crop_and_resize") && (x < 0 || x > size - 1);
    }

    private long nearest(double x) {
      String rule =
          in.attributes().text("nearest_mode", isOld(in) ? "floor" : "round_prefer_floor");
      return (long)
          switch (rule) {
            case "round_prefer_floor" -> Math.ceil(x - 0.5);
            case "round_prefer_ceil" -> Math.floor(x + 0.5);
            case "floor" -> Math.floor(x);
            case "ceil" -> Math.ceil(x);
            default -> throw new ModelException("nearest_mode '" + rule + "' is not one of ONNX's");
          };
    }

    /** The position in the input that position {@code i} of the output corresponds to. */
    private double source(int i) {
      double width = scale * (double) size;
      double from = region[0];
      double to = region[1];
      return switch (transformation(in)) {
        case "half_pixel" -> (i + 0.5) / scale - 0.5;
        case "half_pixel_symmetric" -> {
          double offset = size / 2.0 * (1 - (double) out / width);
          yield offset + (i + 0.5) / scale - 0.5;
        }
        case "pytorch_half_pixel" -> out > 1 ? (i + 0.5) / scale - 0.5 : 0;
        case "align_corners" -> width == 1 ? 0 : i * (double) (size - 1) / (width - 1);
        case "asymmetric" -> i / scale;
        case "tf_half_pixel_for_nn" -> (i + 0.5) / scale;
        case "tf_crop_and_resize" ->
            width == 1
                ? (to - from) * (size - 1) / 2 + from * (size - 1)
                : i * (to - from) * (size - 1) / (width - 1) + from * (size - 1);
        default ->
            throw new ModelException(
                "coordinate_transformation_mode '" + transformation(in) + "' is not one of ONNX's");
      };
    }

    /** Keys' cubic convolution kernel. */
    private double cubic(double x) {
      double a = in.attributes().number("cubic_coeff_a", -0.75f);
      if (x <= 1) {
        return ((a + 2) * x - (a + 3)) * x * x + 1;
      }
      return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
    }
  }
}
