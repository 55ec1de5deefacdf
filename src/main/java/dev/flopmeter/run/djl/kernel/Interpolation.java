package dev.flopmeter.run.djl.kernel;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.ModelException;

/**
 * How Resize fills one axis: for each place of the output the weights of the input's places.
 *
 * <p>Rules: ONNX's Resize; neighbours beyond the edge repeat it, or are left out.
 *
 * @param size elements of the input
 * @param out elements of the output
 * @param scale output over input as asked for, which need not be their quotient
 * @param from start of the region taken, as a fraction of the axis
 * @param to its end
 */
record Interpolation(
    Attributes attributes,
    String mode,
    int opset,
    long size,
    long out,
    double scale,
    double from,
    double to) {

  /** The weights: {@code out} rows of {@code size}. */
  float[] matrix() {
    float[] matrix = new float[Math.toIntExact(out * size)];
    for (int i = 0; i < out; i++) {
      double x = source(i);
      if (isOutside(x)) {
        continue;
      }
      int base = (int) Math.ceil(x) - 1;
      double[] weights = weights(x - base);
      int first = base + 1 - weights.length / 2;
      double sum = 0;
      boolean exclude = attributes.flag("exclude_outside", false);
      for (int k = 0; k < weights.length; k++) {
        boolean beyond = first + k < 0 || first + k >= size;
        weights[k] = exclude && beyond ? 0 : weights[k];
        sum += weights[k];
      }
      for (int k = 0; k < weights.length; k++) {
        int at = (int) Math.max(0, Math.min(size - 1, first + k));
        matrix[(int) (i * size + at)] += (float) (exclude ? weights[k] / sum : weights[k]);
      }
    }
    return matrix;
  }

  /** For the mode nearest: which place of the input each place of the output takes. */
  long[] nearest() {
    long[] places = new long[Math.toIntExact(out)];
    for (int i = 0; i < places.length; i++) {
      double x = source(i);
      String rule = attributes.text("nearest_mode", opset < 11 ? "floor" : "round_prefer_floor");
      double place =
          switch (rule) {
            case "round_prefer_floor" -> Math.ceil(x - 0.5);
            case "round_prefer_ceil" -> Math.floor(x + 0.5);
            case "floor" -> Math.floor(x);
            case "ceil" -> Math.ceil(x);
            default -> throw new ModelException("nearest_mode '" + rule + "' is not one of ONNX's");
          };
      places[i] = (long) Math.max(0, Math.min((double) (size - 1), place));
    }
    return places;
  }

  /** Places that lie outside of the input and take the extrapolation value. */
  boolean[] outside() {
    boolean[] outside = new boolean[Math.toIntExact(out)];
    for (int i = 0; i < outside.length; i++) {
      outside[i] = isOutside(source(i));
    }
    return outside;
  }

  private boolean isOutside(double x) {
    return transformation().equals("tf_crop_and_resize") && (x < 0 || x > size - 1);
  }

  private String transformation() {
    return attributes.text(
        "coordinate_transformation_mode", opset < 11 ? "asymmetric" : "half_pixel");
  }

  /** The place in the input that output place {@code i} looks at. */
  private double source(int i) {
    double width = scale * (double) size;
    return switch (transformation()) {
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
              "coordinate_transformation_mode '" + transformation() + "' is not one of ONNX's");
    };
  }

  /**
   * Weights of the neighbours around a place, an even number of them.
   *
   * @param ratio how far behind the left one of the two nearest neighbours it is, in (0, 1]
   */
  private double[] weights(double ratio) {
    boolean antialias = attributes.flag("antialias", false);
    double squeeze = antialias ? Math.min(scale, 1) : 1;
    double reach = mode.equals("cubic") ? 2 : 1;
    int start = (int) Math.floor(-reach / squeeze) + 1;
    int count = 2 - 2 * start;
    double[] weights = new double[count];
    double sum = 0;
    for (int k = 0; k < count; k++) {
      double distance = Math.abs((start + k - ratio) * squeeze);
      weights[k] = mode.equals("cubic") ? cubic(distance) : Math.max(0, 1 - distance);
      sum += weights[k];
    }
    if (antialias) {
      for (int k = 0; k < count; k++) {
        weights[k] /= sum;
      }
    }
    return weights;
  }

  /** Keys' cubic convolution kernel. */
  private double cubic(double x) {
    double a = attributes.number("cubic_coeff_a", -0.75f);
    if (x <= 1) {
      return (a + 2) * x * x * x - (a + 3) * x * x + 1;
    }
    return x < 2 ? a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a : 0;
  }
}
