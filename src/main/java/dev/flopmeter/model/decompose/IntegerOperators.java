package dev.flopmeter.model.decompose;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * ONNX's own operators on 8-bit integers in floats, for a backend that has no kernels for them.
 * Sums are exact up to 2^24 in float32.
 */
final class IntegerOperators {
  private IntegerOperators() {}

  static void addTo(Map<String, Decomposition> all) {
    all.put(
        "MatMulInteger", Decomposition.of("as MatMul", b -> integer(b, product(b, 0, 2, 1, 3))));
    all.put(
        "ConvInteger", Decomposition.of("as Conv", b -> integer(b, convolution(b, 0, 2, 1, 3))));
    all.put(
        "QLinearMatMul",
        Decomposition.of(
            "as MatMul and QuantizeLinear",
            b -> {
              String scale = b.add("Div", b.add("Mul", rows(b, 0, 1), b.input(4)), rows(b, 0, 6));
              return requantized(b, b.add("Mul", product(b, 0, 2, 3, 5), scale));
            }));
    all.put(
        "QLinearConv",
        Decomposition.of(
            "as Conv and QuantizeLinear",
            b -> {
              String sum = convolution(b, 0, 2, 3, 5);
              if (b.has(8)) {
                sum = b.add("Add", sum, channels(b, floats(b, b.input(8)), 1));
              }
              String scale = b.add("Mul", b.input(1), channels(b, b.input(4), 1));
              return requantized(
                  b, b.add("Mul", sum, b.add("Div", scale, channels(b, b.input(6), 1))));
            }));
    all.put(
        "DynamicQuantizeLinear",
        new Decomposition(
            "minimum, maximum, then QuantizeLinear", IntegerOperators::dynamicQuantization));
  }

  private static String floats(Body b, String value) {
    return b.add("Cast", Attributes.of("to", (long) DataType.FLOAT.code()), value);
  }

  private static String integer(Body b, String sum) {
    return b.add("Cast", Attributes.of("to", (long) DataType.INT32.code()), sum);
  }

  private static String product(Body b, int x, int xZero, int w, int wZero) {
    String left = floats(b, b.input(x));
    String right = floats(b, b.input(w));
    return b.add(
        "MatMul",
        b.has(xZero) ? b.add("Sub", left, floats(b, rows(b, x, xZero))) : left,
        b.has(wZero) ? b.add("Sub", right, floats(b, b.input(wZero))) : right);
  }

  /** A scale or zero point of input {@code x}; a vector is one value a row. */
  private static String rows(Body b, int x, int index) {
    Shape shape = b.shape(index);
    boolean isVector = shape.rank() == 1 && shape.elements() > 1 && b.shape(x).rank() > 1;
    return isVector ? b.add("Unsqueeze", b.input(index), b.longs(1)) : b.input(index);
  }

  private static String convolution(Body b, int x, int xZero, int w, int wZero) {
    String image = floats(b, b.input(x));
    String weights = floats(b, b.input(w));
    return b.add(
        "Conv",
        b.attributes(),
        b.has(xZero) ? b.add("Sub", image, floats(b, b.input(xZero))) : image,
        b.has(wZero) ? b.add("Sub", weights, channels(b, floats(b, b.input(wZero)), 0)) : weights);
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
    Attributes none = Attributes.of("keepdims", 0L);
    String zero = b.number(0);
    String low = b.add("Min", b.add("ReduceMin", none, b.input(0)), zero);
    String high = b.add("Max", b.add("ReduceMax", none, b.input(0)), zero);
    String step = b.add("Div", b.add("Sub", high, low), b.number(255));
    String scale = b.add("Where", b.add("Equal", step, zero), b.number(1), step);
    String shift = b.add("Round", b.add("Div", b.add("Neg", low), scale));
    String point = b.add("Cast", Attributes.of("to", (long) DataType.UINT8.code()), shift);
    return List.of(b.add("QuantizeLinear", b.input(0), scale, point), scale, point);
  }
}
