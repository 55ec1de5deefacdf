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

/**
 * ONNX's own operators on 8-bit integers for a backend that has sums of integers alone. Where all
 * scales and zero points are stored, operators are written with QuantizeLinear and
 * DequantizeLinear, which such a backend may run on integers as one step.
 */
final class IntegerOperators {
  private IntegerOperators() {}

  static void addTo(BodyTable table) {
    table.put(
        "QLinearMatMul",
        b -> {
          if (isStored(b, 0, 3, 6)) {
            return quantized(b, 6, b.product(real(b, 0, 0), real(b, 3, -1)));
          }
          String scale = b.over(b.times(rows(b, 0, 1), b.input(4)), rows(b, 0, 6));
          String sum = b.add("MatMulInteger", b.input(0), b.input(3), b.input(2), b.input(5));
          return requantized(b, b.times(floats(b, sum), scale));
        });
    table.put(
        "QLinearConv",
        b -> {
          if (isStored(b, 0, 3, 6)) {
            List<String> inputs = new ArrayList<>(List.of(real(b, 0, 0), real(b, 3, 0)));
            if (b.has(8)) {
              inputs.add(biased(b, 8));
            }
            return quantized(b, 6, b.add("Conv", b.attributes(), inputs.toArray(String[]::new)));
          }
          String sum =
              b.add("ConvInteger", b.attributes(), b.input(0), b.input(3), b.input(2), b.input(5));
          if (b.has(8)) {
            sum = b.plus(sum, channels(b, b.input(8), 1));
          }
          String scale = b.times(b.input(1), channels(b, b.input(4), 1));
          String steps = b.over(scale, channels(b, b.input(6), 1));
          return requantized(b, b.times(floats(b, sum), steps));
        });
    table.putAll("DynamicQuantizeLinear", IntegerOperators::dynamicQuantization);
  }

  /**
   * Whether data is multiplied by a matrix or filters whose scales and zero points are stored, as
   * those of data and result are, one for all.
   *
   * @param x the input that is the data, with its scale and zero point behind it
   * @param w the weights
   * @param scale of the result, with its zero point behind it
   */
  private static boolean isStored(Body b, int x, int w, int scale) {
    return IntStream.of(x + 1, x + 2, scale, scale + 1)
            .allMatch(index -> !b.has(index) || b.shape(index).elements() == 1)
        && b.has(scale + 1)
        && IntStream.of(x + 1, x + 2, w + 1, w + 2, scale, scale + 1)
            .allMatch(index -> !b.has(index) || b.in().isConstant(index))
        && (b.shape(w + 1).elements() == 1 || b.in().isConstant(w))
        && (!b.has(w + 2) || b.shape(w + 1).elements() == b.shape(w + 2).elements());
  }

  /** Input {@code x} in floats. */
  private static String real(Body b, int x, long axis) {
    String zero = b.has(x + 2) ? scale(b, x + 2) : "";
    return b.add(
        "DequantizeLinear", Attributes.of("axis", axis), b.input(x), scale(b, x + 1), zero);
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

  /** A scale or zero point of input {@code x}; a vector is one value a row. */
  private static String rows(Body b, int x, int index) {
    Shape shape = b.shape(index);
    boolean isVector = shape.rank() == 1 && shape.elements() > 1 && b.shape(x).rank() > 1;
    return isVector ? b.unsqueezed(b.input(index), 1) : b.input(index);
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
