package dev.flopmeter.model.decompose;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.shape.Quantization;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Operators on quantised tensors, of the domain {@code com.microsoft} (source: ONNX Runtime's
 * ContribOperators.md): sums of products in integers, all else in floats between two quantisations.
 */
final class QuantizedOperators {
  private QuantizedOperators() {}

  private static final String DOMAIN = "com.microsoft:";

  static void addTo(Map<String, Decomposition> all) {
    for (String op : List.of("Add", "Mul")) {
      put(
          all,
          "QLinear" + op,
          "as DequantizeLinear of both, " + op + " and QuantizeLinear",
          b -> quantized(b, b.add(op, real(b, 0), real(b, 3)), 6));
    }
    put(
        all,
        "QLinearConcat",
        "as DequantizeLinear of each, Concat and QuantizeLinear",
        QuantizedOperators::concat);
    put(
        all,
        "QLinearWhere",
        "as DequantizeLinear of both, Where and QuantizeLinear",
        b -> quantized(b, b.add("Where", b.input(0), real(b, 1), real(b, 4)), 7));
    for (String op : List.of("Sigmoid", "LeakyRelu")) {
      put(
          all,
          "QLinear" + op,
          between(op),
          b -> quantized(b, b.add(op, b.attributes(), real(b, 0)), 3));
    }
    put(
        all,
        "QLinearSoftmax",
        between("Softmax"),
        b -> quantized(b, ContribOperators.softmax(b, real(b, 0), -1), 3));
    for (String op : List.of("AveragePool", "GlobalAveragePool")) {
      put(all, "QLinear" + op, between(op), b -> pooled(b, op));
    }
    put(
        all,
        "QLinearReduceMean",
        between("ReduceMean"),
        b -> quantized(b, reduced(b, "ReduceMean", real(b, 0)), 3));
    put(
        all,
        "QGemm",
        "as MatMulInteger, + out for C, then 2 x out: cast and scale; as QuantizeLinear where the"
            + " output is quantised",
        QuantizedOperators::gemm);
    put(
        all,
        "MatMulIntegerToFloat",
        "as MatMulInteger, then 2 x out: cast and scale; + out for a bias",
        b -> {
          String sum = b.add("MatMulInteger", b.input(0), b.input(1), b.input(4), b.input(5));
          return plus(b, scaled(b, sum, product(b, scale(b, 2), scale(b, 3))), 6);
        });
    put(
        all,
        "DynamicQuantizeMatMul",
        "as DynamicQuantizeLinear and MatMulInteger, then out to scale; + out for a bias",
        b -> {
          List<String> a = b.add(3, "DynamicQuantizeLinear", Attributes.NONE, b.input(0));
          String sum = b.add("MatMulInteger", a.get(0), b.input(1), a.get(2), b.input(3));
          return plus(b, scaled(b, sum, product(b, a.get(1), scale(b, 2))), 4);
        });
    all.put(
        DOMAIN + "QAttention",
        new Decomposition(
            "MACs of the projection and of both products; + projected values x 2 to scale, + 1 for"
                + " the bias; per score scale 1, softmax 5, + masks",
            QuantizedOperators::attention));
    put(
        all,
        "MulInteger",
        "subtract the zero points, then out: multiply",
        b -> b.add("Mul", shifted(b, 0, 1), shifted(b, 2, 3)));
    put(
        all,
        "ReduceSumInteger",
        "as ReduceSum",
        b -> reduced(b, "ReduceSum", cast(b, b.input(0), DataType.INT32)));
    put(
        all,
        "MatMulInteger16",
        "as MatMul",
        b ->
            cast(
                b,
                b.add(
                    "MatMul",
                    cast(b, b.input(0), DataType.DOUBLE),
                    cast(b, b.input(1), DataType.DOUBLE)),
                DataType.INT32));
    for (String op : List.of("QuantizeLinear", "DequantizeLinear")) {
      put(
          all,
          op,
          "as " + op,
          b -> {
            scale(b, 1);
            return b.add(op, b.attributes(), b.input(0), b.input(1), b.input(2));
          });
    }
    all.put(
        DOMAIN + "DynamicQuantizeLSTM",
        new Decomposition("as LSTM, step by step", QuantizedRecurrence::write));
    all.put(
        DOMAIN + "QEmbedLayerNormalization",
        new Decomposition(
            "as DequantizeLinear of the tables, then as com.microsoft:EmbedLayerNormalization",
            QuantizedOperators::embedding));
  }

  private static void put(
      Map<String, Decomposition> all, String op, String text, Decomposition.OneOutput writer) {
    all.put(DOMAIN + op, Decomposition.of(text, writer));
  }

  private static String between(String op) {
    return "as DequantizeLinear, " + op + " and QuantizeLinear";
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
          "it has "
              + b.in().inputCount()
              + " inputs, not scale and zero point of the output and then three for each tensor");
    }
    String[] parts =
        IntStream.iterate(2, i -> i < b.in().inputCount(), i -> i + 3)
            .mapToObj(i -> real(b, i))
            .toArray(String[]::new);
    return b.add("QuantizeLinear", b.add("Concat", b.attributes(), parts), scale(b, 0), b.input(1));
  }

  private static String pooled(Body b, String op) {
    boolean isLast = b.attributes().flag("channels_last", false);
    String x = real(b, 0);
    String y = b.add(op, b.attributes(), isLast ? b.channelsFirst(x) : x);
    return quantized(b, isLast ? b.channelsLast(y) : y, 3);
  }

  /** A reduction whose axes are an attribute. */
  private static String reduced(Body b, String op, String value) {
    Attributes kept = Attributes.of("keepdims", b.attributes().integer("keepdims", 1));
    Optional<long[]> axes = b.attributes().integers("axes");
    return axes.isPresent() ? b.add(op, kept, value, b.longs(axes.get())) : b.add(op, kept, value);
  }

  static String cast(Body b, String value, DataType type) {
    return b.add("Cast", Attributes.of("to", (long) type.code()), value);
  }

  private static String shifted(Body b, int x, int zero) {
    String value = cast(b, b.input(x), DataType.INT32);
    return b.has(zero) ? b.add("Sub", value, cast(b, b.input(zero), DataType.INT32)) : value;
  }

  private static String product(Body b, String scaleA, String scaleB) {
    return b.add("Mul", scaleA, scaleB);
  }

  /** A sum of integers times its scale. */
  private static String scaled(Body b, String sum, String scale) {
    return b.add("Mul", cast(b, sum, b.type(scale).type()), scale);
  }

  private static String plus(Body b, String value, int bias) {
    return b.has(bias) ? b.add("Add", value, b.input(bias)) : value;
  }

  /** Inputs: A, its scale and zero point, B, its two, C in the scale of the sum, y's two. */
  private static String gemm(Body b) {
    requireZeroPoint(b, 0, 2);
    requireZeroPoint(b, 3, 5);
    String a = b.attributes().flag("transA", false) ? b.transposed(b.input(0), 1, 0) : b.input(0);
    String w = b.attributes().flag("transB", false) ? b.transposed(b.input(3), 1, 0) : b.input(3);
    String sum = plus(b, b.add("MatMulInteger", a, w, b.input(2), b.input(5)), 6);
    String scale = product(b, scale(b, 1), scale(b, 4));
    float alpha = b.attributes().number("alpha", 1);
    String real = scaled(b, sum, alpha == 1 ? scale : b.add("Mul", scale, b.number(alpha)));
    return b.has(7) ? quantized(b, real, 7) : real;
  }

  /**
   * Inputs: x, weights, bias, their scales, mask, their zero points, the past's keys and values.
   * Outputs: y, the keys and values with the past's.
   */
  private static List<String> attention(Body b) {
    requireZeroPoint(b, 0, 6);
    requireZeroPoint(b, 1, 7);
    Shape x = b.shape(0);
    long heads = b.attributes().integer("num_heads");
    Shape weights = b.shape(1);
    if (x.rank() != 3 || weights.rank() != 2 || heads < 1 || weights.dim(1) % (3 * heads) != 0) {
      throw new ModelException(
          "the weights "
              + weights
              + " cannot be split into queries, keys and values of "
              + "the attribute 'num_heads' = "
              + heads
              + " heads for the input "
              + x);
    }
    String sum = b.add("MatMulInteger", b.input(0), b.input(1), b.input(6), b.input(7));
    String all = plus(b, scaled(b, sum, product(b, scale(b, 3), scale(b, 4))), 2);
    List<String> parts = b.add(3, "Split", Attributes.of("axis", 2L, "num_outputs", 3L), all);
    long width = weights.dim(1) / 3 / heads;
    List<String> split = new ArrayList<>();
    for (String part : parts) {
      split.add(b.transposed(b.reshaped(part, x.dim(0), x.dim(1), heads, width), 0, 2, 1, 3));
    }
    String keys = withPast(b, split.get(1), 0);
    String values = withPast(b, split.get(2), 1);
    float asked = b.attributes().number("scale", 0);
    double scale = asked == 0 ? 1 / Math.sqrt((double) width) : asked;
    String scores =
        b.add(
            "Mul", b.add("MatMul", split.get(0), b.transposed(keys, 0, 1, 3, 2)), b.number(scale));
    String probable = b.add("Softmax", masked(b, scores));
    String joined = b.transposed(b.add("MatMul", probable, values), 0, 2, 1, 3);
    String y = b.reshaped(joined, x.dim(0), x.dim(1), heads * width);
    if (!b.in().hasOutput(1)) {
      return List.of(y);
    }
    String first = b.longs(0);
    return List.of(
        y,
        b.add(
            "Concat",
            Attributes.of("axis", 0L),
            b.add("Unsqueeze", keys, first),
            b.add("Unsqueeze", values, first)));
  }

  private static String withPast(Body b, String now, long half) {
    if (!b.has(8)) {
      return now;
    }
    String past =
        b.add("Gather", Attributes.of("axis", 0L), b.input(8), b.constant(Tensor.ofLong(half)));
    return b.add("Concat", Attributes.of("axis", 2L), past, now);
  }

  /** Scores of batch x heads x queries x keys, lowered where the masks hide a key. */
  private static String masked(Body b, String scores) {
    Shape shape = b.shape(scores);
    long batch = shape.dim(0);
    long queries = shape.dim(2);
    long keys = shape.dim(3);
    float hidden = b.attributes().number("mask_filter_value", -10000);
    String masked = scores;
    if (b.has(5)) {
      String unseen = b.add("Not", seen(b, batch, keys));
      String lowered = b.add("Mul", cast(b, unseen, DataType.FLOAT), b.number(hidden));
      masked = b.add("Add", masked, lowered);
    }
    if (b.attributes().flag("unidirectional", false)) {
      float[] later = new float[Math.toIntExact(queries * keys)];
      for (int i = 0; i < later.length; i++) {
        later[i] = i % keys > i / keys + keys - queries ? -Float.MAX_VALUE : 0;
      }
      masked = b.add("Add", masked, b.constant(Tensor.ofFloats(Shape.of(queries, keys), later)));
    }
    return masked;
  }

  /** Which keys the mask shows: by length, one flag a key, or one a query and key. */
  private static String seen(Body b, long batch, long keys) {
    Shape mask = b.shape(5);
    String wide = cast(b, b.input(5), DataType.INT64);
    if (mask.rank() == 1 && (mask.dim(0) == batch || mask.dim(0) == 2 * batch)) {
      String key = b.longs(java.util.stream.LongStream.range(0, keys).toArray());
      String end = b.add("Slice", wide, b.longs(0), b.longs(batch));
      String before = b.add("Less", key, b.reshaped(end, batch, 1, 1, 1));
      if (mask.dim(0) == batch) {
        return before;
      }
      String start = b.add("Slice", wide, b.longs(batch), b.longs(2 * batch));
      return b.add("And", before, b.add("GreaterOrEqual", key, b.reshaped(start, batch, 1, 1, 1)));
    }
    String shown = b.add("Greater", wide, b.constant(Tensor.ofLong(0)));
    return switch (mask.rank()) {
      case 2 -> b.reshaped(shown, mask.dim(0), 1, 1, mask.dim(1));
      case 3 -> b.reshaped(shown, mask.dim(0), 1, mask.dim(1), mask.dim(2));
      case 4 -> shown;
      default ->
          throw new ModelException(
              "the mask " + mask + " (input 5) does not fit a batch of " + batch);
    };
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
