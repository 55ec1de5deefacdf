package dev.flopmeter.model.decompose;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.shape.Quantization;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Operators on quantised tensors, of the domain {@code com.microsoft} (source: ONNX Runtime's
 * ContribOperators.md): sums of products in integers, all else in floats between two quantisations.
 */
final class QuantizedOperators {
  private QuantizedOperators() {}

  private static final String DOMAIN = "com.microsoft:";

  /** No input. */
  private static final int NONE = -1;

  static void addTo(BodyTable table) {
    for (String op : List.of("Add", "Mul")) {
      table.put("QLinear" + op, b -> quantized(b, b.add(op, real(b, 0), real(b, 3)), 6));
    }
    table.put("QLinearConcat", QuantizedOperators::concat);
    table.put("QLinearWhere", b -> quantized(b, b.where(b.input(0), real(b, 1), real(b, 4)), 7));
    for (String op : List.of("Sigmoid", "LeakyRelu")) {
      table.put("QLinear" + op, b -> quantized(b, b.add(op, b.attributes(), real(b, 0)), 3));
    }
    table.put("QLinearSoftmax", b -> quantized(b, ContribOperators.softmax(b, real(b, 0), -1), 3));
    for (String op : List.of("AveragePool", "GlobalAveragePool")) {
      table.put("QLinear" + op, b -> pooled(b, op));
    }
    table.put("QLinearReduceMean", b -> quantized(b, reduced(b, "ReduceMean", real(b, 0)), 3));
    table.put("QGemm", QuantizedOperators::gemm);
    table.put(
        "MatMulIntegerToFloat",
        b -> {
          String sum = b.add("MatMulInteger", b.input(0), b.input(1), b.input(4), b.input(5));
          return b.plusInput(scaled(b, sum, b.times(scale(b, 2), scale(b, 3))), 6);
        });
    table.put(
        "DynamicQuantizeMatMul",
        b -> {
          List<String> a = b.add(3, "DynamicQuantizeLinear", Attributes.NONE, b.input(0));
          String sum = b.add("MatMulInteger", a.get(0), b.input(1), a.get(2), b.input(3));
          return b.plusInput(scaled(b, sum, b.times(a.get(1), scale(b, 2))), 4);
        });
    table.putAll("QAttention", QuantizedOperators::attention);
    table.put("MulInteger", b -> b.times(shifted(b, 0, 1), shifted(b, 2, 3)));
    table.put("ReduceSumInteger", b -> reduced(b, "ReduceSum", b.cast(b.input(0), DataType.INT32)));
    table.put(
        "MatMulInteger16",
        b ->
            b.cast(
                b.product(b.cast(b.input(0), DataType.DOUBLE), b.cast(b.input(1), DataType.DOUBLE)),
                DataType.INT32));
    for (String op : List.of("QuantizeLinear", "DequantizeLinear")) {
      table.put(
          op,
          b -> {
            scale(b, 1);
            return b.as(op);
          });
    }
    table.putAll("DynamicQuantizeLSTM", QuantizedRecurrence::write);
    table.putAll("QEmbedLayerNormalization", QuantizedOperators::embedding);
  }

  /** Input {@code x} in floats; its scale and its optional zero point are the next two inputs. */
  private static String real(Body b, int x) {
    return real(b, x, x + 1, x + 2);
  }

  private static String real(Body b, int x, int scale, int zero) {
    requireZeroPoint(b, x, zero);
    return b.add("DequantizeLinear", b.input(x), scale(b, scale), b.input(zero));
  }

  /** {@code value} by the scale and the optional zero point at {@code scale}, as input 0 is. */
  private static String quantized(Body b, String value, int scale) {
    if (b.has(scale + 1)) {
      return b.add("QuantizeLinear", value, scale(b, scale), b.input(scale + 1));
    }
    long code = b.in().type(0).type().code();
    return b.add("QuantizeLinear", Attributes.of("output_dtype", code), value, scale(b, scale));
  }

  /**
   * The input that holds a scale.
   *
   * @throws ModelException if it holds what is no scale: NaN, infinity or 0
   */
  static String scale(Body b, int index) {
    Quantization.requireScale(b.in(), index, false);
    return b.input(index);
  }

  static void requireZeroPoint(Body b, int x, int zero) {
    Quantization.requireZeroPoint(b.in(), x, zero);
  }

  private static String concat(Body b) {
    if (b.in().inputCount() < 5 || b.in().inputCount() % 3 != 2) {
      throw new ModelException(
          "it has %s inputs, not scale and zero point of the output and then three for each tensor"
              .formatted(b.in().inputCount()));
    }
    String[] parts =
        IntStream.iterate(2, i -> i < b.in().inputCount(), i -> i + 3)
            .mapToObj(i -> real(b, i))
            .toArray(String[]::new);
    return b.add("QuantizeLinear", b.add("Concat", b.attributes(), parts), scale(b, 0), b.input(1));
  }

  private static String pooled(Body b, String op) {
    boolean isLast = b.flag("channels_last", false);
    String x = real(b, 0);
    String y = b.add(op, b.attributes(), isLast ? b.channelsFirst(x) : x);
    return quantized(b, isLast ? b.channelsLast(y) : y, 3);
  }

  /** A reduction whose axes are an attribute. */
  private static String reduced(Body b, String op, String value) {
    Attributes kept = Attributes.of("keepdims", b.integer("keepdims", 1));
    Optional<long[]> axes = b.attributes().integers("axes");
    return axes.isPresent() ? b.add(op, kept, value, b.longs(axes.get())) : b.add(op, kept, value);
  }

  private static String shifted(Body b, int x, int zero) {
    String value = b.cast(b.input(x), DataType.INT32);
    return b.has(zero) ? b.minus(value, b.cast(b.input(zero), DataType.INT32)) : value;
  }

  /** A sum of integers times its scale. */
  private static String scaled(Body b, String sum, String scale) {
    return b.times(b.cast(sum, b.type(scale).type()), scale);
  }

  /** Inputs: A, its scale and zero point, B, its two, C in the scale of the sum, y's two. */
  private static String gemm(Body b) {
    requireZeroPoint(b, 0, 2);
    requireZeroPoint(b, 3, 5);
    String a = b.flag("transA", false) ? b.transposed(b.input(0), 1, 0) : b.input(0);
    String w = b.flag("transB", false) ? b.transposed(b.input(3), 1, 0) : b.input(3);
    String sum = b.plusInput(b.add("MatMulInteger", a, w, b.input(2), b.input(5)), 6);
    String scale = b.times(scale(b, 1), scale(b, 4));
    float alpha = b.number("alpha", 1);
    String real = scaled(b, sum, alpha == 1 ? scale : b.times(scale, b.number(alpha)));
    return b.has(7) ? quantized(b, real, 7) : real;
  }

  /**
   * Inputs: x, weights, bias, their scales, mask, their zero points, the past's keys and values.
   * Outputs: y, the keys and values with the past's.
   */
  private static List<String> attention(Body b) {
    requireZeroPoint(b, 0, 6);
    requireZeroPoint(b, 1, 7);
    String sum = b.add("MatMulInteger", b.input(0), b.input(1), b.input(6), b.input(7));
    String all = b.plusInput(scaled(b, sum, b.times(scale(b, 3), scale(b, 4))), 2);
    return AttentionOperators.projected(b, all, 5, NONE, 8);
  }

  /**
   * Inputs: ids, segments, five tables, mask, the tables' scales, then their zero points. Outputs:
   * as of EmbedLayerNormalization.
   */
  private static List<String> embedding(Body b) {
    String[] inputs = new String[8];
    inputs[0] = b.input(0);
    inputs[1] = b.input(1);
    inputs[7] = b.input(7);
    for (int i = 2; i < 7; i++) {
      inputs[i] = b.has(i) ? real(b, i, i + 6, i + 11) : "";
    }
    return b.add(
        b.in().hasOutput(1) ? 2 : 1, DOMAIN + "EmbedLayerNormalization", b.attributes(), inputs);
  }
}
