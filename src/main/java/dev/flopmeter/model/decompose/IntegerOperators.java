package dev.flopmeter.model.decompose;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import java.util.Arrays;
import java.util.List;

/**
 * ONNX's own operators on 8-bit integers in floats, for a backend that has no kernels for them.
 * Sums are exact up to 2^24 in float32.
 */
final class IntegerOperators {
  private IntegerOperators() {}

  static void addTo(Decomposition.Table table) {
    table.put("MatMulInteger", b -> integer(b, product(b, 0, 2, 1, 3)));
    table.put("ConvInteger", b -> integer(b, convolution(b, 0, 2, 1, 3)));
    table.put(
        "QLinearMatMul",
        b -> {
          String scale = b.over(b.times(rows(b, 0, 1), b.input(4)), rows(b, 0, 6));
          return requantized(b, b.times(product(b, 0, 2, 3, 5), scale));
        });
    table.put(
        "QLinearConv",
        b -> {
          String sum = convolution(b, 0, 2, 3, 5);
          if (b.has(8)) {
            sum = b.plus(sum, channels(b, floats(b, b.input(8)), 1));
          }
          String scale = b.times(b.input(1), channels(b, b.input(4), 1));
          return requantized(b, b.times(sum, b.over(scale, channels(b, b.input(6), 1))));
        });
    table.putAll("DynamicQuantizeLinear", IntegerOperators::dynamicQuantization);
  }

  private static String floats(Body b, String value) {
    return b.cast(value, DataType.FLOAT);
  }

  private static String integer(Body b, String sum) {
    return b.cast(sum, DataType.INT32);
  }

  private static String product(Body b, int x, int xZero, int w, int wZero) {
    String left = floats(b, b.input(x));
    String right = floats(b, b.input(w));
    return b.product(
        b.has(xZero) ? b.minus(left, floats(b, rows(b, x, xZero))) : left,
        b.has(wZero) ? b.minus(right, floats(b, b.input(wZero))) : right);
  }

  /** A scale or zero point of input {@code x}; a vector is one value a row. */
  private static String rows(Body b, int x, int index) {
    Shape shape = b.shape(index);
    boolean isVector = shape.rank() == 1 && shape.elements() > 1 && b.shape(x).rank() > 1;
    return isVector ? b.unsqueezed(b.input(index), 1) : b.input(index);
  }

  private static String convolution(Body b, int x, int xZero, int w, int wZero) {
    String image = floats(b, b.input(x));
    String weights = floats(b, b.input(w));
    return b.add(
        "Conv",
        b.attributes(),
        b.has(xZero) ? b.minus(image, floats(b, b.input(xZero))) : image,
        b.has(wZero) ? b.minus(weights, channels(b, floats(b, b.input(wZero)), 0)) : weights);
  }

  /** One value, or one for each channel along {@code axis} of tensors of input 0's rank. */
  private static String channels(Body b, String value, int axis) {
    if (b.shape(value).elements() == 1) {
      return b.reshaped(value);
    }
    long[] dims = new long[b.shape(0).rank()];
    Arrays.fill(dims, 1);
    dims[axis] = b.shape(value).elements();
    return b.reshaped(value, dims);
  }

  /** {@code steps}, a multiple of the output's scale, as quantised integers. */
  private static String requantized(Body b, String steps) {
    long rows = b.shape(7).elements();
    if (rows == 1) {
      return b.add("QuantizeLinear", steps, b.number(1), b.reshaped(b.input(7)));
    }
    String one = b.constant(FilledTensor.of(TensorType.of(DataType.FLOAT, rows), 1));
    long axis = b.shape(steps).rank() - 2L;
    return b.add("QuantizeLinear", Attributes.of("axis", axis), steps, one, b.input(7));
  }

  /** Outputs: the quantised tensor, its scale and its zero point (ONNX's definition). */
  private static List<String> dynamicQuantization(Body b) {
    Attributes none = Attributes.of("keepdims", 0);
    String x = b.input(0);
    Range range = Range.of(b, b.add("ReduceMin", none, x), b.add("ReduceMax", none, x));
    String point = b.cast(range.shift(), DataType.UINT8);
    return List.of(b.add("QuantizeLinear", x, range.scale(), point), range.scale(), point);
  }

  /** How 8-bit steps cover a range of floats and 0; the scale of zeros alone is 1. */
  record Range(String scale, String shift) {
    static Range of(Body b, String least, String most) {
      String zero = b.number(0);
      String low = b.add("Min", least, zero);
      String step = b.over(b.minus(b.add("Max", most, zero), low), b.number(255));
      String scale = b.where(b.add("Equal", step, zero), b.number(1), step);
      return new Range(scale, b.add("Round", b.over(b.add("Neg", low), scale)));
    }
  }
}
