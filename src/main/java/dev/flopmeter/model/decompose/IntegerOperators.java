package dev.flopmeter.model.decompose;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * ONNX's own operators on 8-bit integers in floats, for a backend that has no kernels for them.
 * Sums are exact up to 2^24 in float32. Where all integers are around 0, operators are written with
 * QuantizeLinear and DequantizeLinear, which such a backend may run on integers.
 */
final class IntegerOperators {
  private IntegerOperators() {}

  static void addTo(BodyTable table) {
    table.put("MatMulInteger", b -> integer(b, product(b, 0, 2, 1, 3)));
    table.put("ConvInteger", b -> integer(b, convolution(b, 0, 2, 1, 3)));
    table.put(
        "QLinearMatMul",
        b -> {
          if (isAroundZero(b, 0, 3, 6)) {
            return quantized(b, 6, b.product(real(b, 0, 0), real(b, 3, -1)));
          }
          String scale = b.over(b.times(rows(b, 0, 1), b.input(4)), rows(b, 0, 6));
          return requantized(b, b.times(product(b, 0, 2, 3, 5), scale));
        });
    table.put(
        "QLinearConv",
        b -> {
          if (isAroundZero(b, 0, 3, 6)) {
            List<String> inputs = new ArrayList<>(List.of(real(b, 0, 0), real(b, 3, 0)));
            if (b.has(8)) {
              inputs.add(biased(b, 8));
            }
            return quantized(b, 6, b.add("Conv", b.attributes(), inputs.toArray(String[]::new)));
          }
          String sum = convolution(b, 0, 2, 3, 5);
          if (b.has(8)) {
            sum = b.plus(sum, channels(b, floats(b, b.input(8)), 1));
          }
          String scale = b.times(b.input(1), channels(b, b.input(4), 1));
          return requantized(b, b.times(sum, b.over(scale, channels(b, b.input(6), 1))));
        });
    table.putAll("DynamicQuantizeLinear", IntegerOperators::dynamicQuantization);
  }

  /**
   * Whether int8 data is multiplied by constant int8 weights to an int8 result, all with zero
   * points of 0 and the data and the result with one scale.
   *
   * @param x the input that is the data, with its scale and zero point behind it
   * @param w the weights
   * @param scale of the result, with its zero point behind it
   */
  private static boolean isAroundZero(Body b, int x, int w, int scale) {
    return b.in().isConstant(w)
        && b.in().type(x).type() == DataType.INT8
        && b.in().type(w).type() == DataType.INT8
        && b.shape(x + 1).elements() == 1
        && b.shape(scale).elements() == 1
        && b.has(scale + 1)
        && b.in().type(scale + 1).type() == DataType.INT8
        && IntStream.of(x + 2, w + 2, scale + 1).allMatch(zero -> isZero(b, zero));
  }

  private static boolean isZero(Body b, int index) {
    return !b.has(index)
        || b.in()
            .value(index)
            .filter(zero -> LongStream.of(zero.toLongs()).allMatch(value -> value == 0))
            .isPresent();
  }

  /** Input {@code x}, an integer around 0, in floats. */
  private static String real(Body b, int x, long axis) {
    return b.add("DequantizeLinear", Attributes.of("axis", axis), b.input(x), scale(b, x + 1));
  }

  /** A bias of integers in the scale of the sums of inputs 0 and 3. */
  private static String biased(Body b, int index) {
    String scale = b.times(b.input(1), b.input(4));
    return b.add("DequantizeLinear", Attributes.of("axis", 0L), b.input(index), scale);
  }

  /** {@code value} by the scale at {@code scale} and the zero point behind it. */
  private static String quantized(Body b, int scale, String value) {
    return b.add("QuantizeLinear", value, scale(b, scale), b.reshaped(b.input(scale + 1)));
  }

  /** One number is a scalar, whatever its rank. */
  private static String scale(Body b, int index) {
    return b.shape(index).elements() == 1 ? b.reshaped(b.input(index)) : b.input(index);
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
