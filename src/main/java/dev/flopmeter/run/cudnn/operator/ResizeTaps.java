package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Attributes;
import java.util.Arrays;

/**
 * Which elements of one axis each place of the resized axis is made of, and with which weights; by
 * ONNX's definition of {@code Resize}.
 *
 * @param index per place, {@code taps} indices; -1 where the place lies outside of a cropped input
 * @param weight per place, {@code taps} weights
 */
@SuppressWarnings("ArrayRecordComponent") // never changed
record ResizeTaps(int taps, long[] index, double[] weight) {

  /**
   * @param scale places per element
   * @param start and end of the region of interest, as fractions, for {@code tf_crop_and_resize}
   */
  static ResizeTaps of(
      Attributes attributes, long in, long out, double scale, double start, double end) {
    String mode = attributes.text("mode", "nearest");
    if (mode.equals("nearest")) {
      return nearest(attributes, in, out, scale, start, end);
    }
    boolean isCubic = mode.equals("cubic");
    double stretch = attributes.flag("antialias", false) && scale < 1 ? 1 / scale : 1;
    double radius = (isCubic ? 2 : 1) * stretch;
    double a = attributes.number("cubic_coeff_a", -0.75f);
    boolean excludes = attributes.flag("exclude_outside", false);
    boolean isCrop = coordinates(attributes).equals("tf_crop_and_resize");
    int taps = (int) Math.ceil(2 * radius) + (stretch > 1 ? 1 : 0);
    long[] index = new long[(int) out * taps];
    double[] weight = new double[index.length];
    for (int i = 0; i < out; i++) {
      double x = original(attributes, i, in, out, scale, start, end);
      long first = (long) Math.floor(x - radius) + 1;
      double sum = 0;
      for (int tap = 0; tap < taps; tap++) {
        long at = first + tap;
        double distance = (at - x) / stretch;
        double w = isCubic ? cubic(distance, a) : Math.max(0, 1 - Math.abs(distance));
        boolean isOutside = at < 0 || at >= in;
        w = excludes && isOutside ? 0 : w;
        index[i * taps + tap] = Math.max(0, Math.min(in - 1, at));
        weight[i * taps + tap] = w;
        sum += w;
      }
      for (int tap = 0; tap < taps; tap++) {
        weight[i * taps + tap] /= sum;
        if (isCrop && (x < 0 || x > in - 1)) {
          index[i * taps + tap] = -1;
        }
      }
    }
    return new ResizeTaps(taps, index, weight);
  }

  static ResizeTaps identity(long size) {
    long[] index = new long[(int) size];
    Arrays.setAll(index, i -> i);
    double[] weight = new double[index.length];
    Arrays.fill(weight, 1);
    return new ResizeTaps(1, index, weight);
  }

  private static ResizeTaps nearest(
      Attributes attributes, long in, long out, double scale, double start, double end) {
    long[] index = new long[(int) out];
    double[] weight = new double[index.length];
    Arrays.fill(weight, 1);
    boolean isCrop = coordinates(attributes).equals("tf_crop_and_resize");
    for (int i = 0; i < out; i++) {
      double x = original(attributes, i, in, out, scale, start, end);
      long at =
          switch (attributes.text("nearest_mode", "round_prefer_floor")) {
            case "round_prefer_ceil" -> (long) Math.floor(x + 0.5);
            case "floor" -> (long) Math.floor(x);
            case "ceil" -> (long) Math.ceil(x);
            default -> (long) Math.ceil(x - 0.5);
          };
      boolean isOutside = isCrop && (x < 0 || x > in - 1);
      index[i] = isOutside ? -1 : Math.max(0, Math.min(in - 1, at));
    }
    return new ResizeTaps(1, index, weight);
  }

  private static String coordinates(Attributes attributes) {
    return attributes.text("coordinate_transformation_mode", "half_pixel");
  }

  /** The place in the input, in elements, that place {@code i} of the output stands for. */
  private static double original(
      Attributes attributes, int i, long in, long out, double scale, double start, double end) {
    double size = scale * in;
    return switch (coordinates(attributes)) {
      case "asymmetric" -> i / scale;
      case "align_corners" -> size == 1 ? 0 : i * (in - 1.0) / (size - 1);
      case "pytorch_half_pixel" -> out > 1 ? (i + 0.5) / scale - 0.5 : 0;
      case "tf_half_pixel_for_nn" -> (i + 0.5) / scale;
      case "half_pixel_symmetric" -> {
        double adjustment = out / size;
        double center = in / 2.0;
        yield center * (1 - adjustment) + (i + 0.5) / scale - 0.5;
      }
      case "tf_crop_and_resize" ->
          out > 1
              ? start * (in - 1) + i * (end - start) * (in - 1) / (out - 1)
              : 0.5 * (start + end) * (in - 1);
      default -> (i + 0.5) / scale - 0.5;
    };
  }

  private static double cubic(double distance, double a) {
    double d = Math.abs(distance);
    if (d <= 1) {
      return ((a + 2) * d - (a + 3)) * d * d + 1;
    }
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
  }
}
