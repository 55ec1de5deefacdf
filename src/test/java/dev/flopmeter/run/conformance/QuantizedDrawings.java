package dev.flopmeter.run.conformance;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import java.util.Map;
import java.util.function.Consumer;

/** Operators on 8-bit tensors. ONNX Runtime rounds some ties differently: one step is allowed. */
final class QuantizedDrawings {
  private QuantizedDrawings() {}

  private static final Tolerance ONE_STEP = new Tolerance(0, 1, 0);

  static void addTo(Map<String, Consumer<SweptNode>> drawings) {
    drawings.put("QLinearAdd", QuantizedDrawings::binary);
    drawings.put("QLinearMul", QuantizedDrawings::binary);
    drawings.put("QLinearConcat", QuantizedDrawings::concat);
    drawings.put("QLinearWhere", QuantizedDrawings::where);
    drawings.put("QLinearSigmoid", node -> unary(node, dims(node, 1, 4)));
    drawings.put(
        "QLinearLeakyRelu",
        node -> unary(node.with("alpha", node.oneOf(0.01f, 0.5f, -0.2f)), dims(node, 1, 4)));
    drawings.put("QLinearSoftmax", QuantizedDrawings::softmax);
    drawings.put("QLinearAveragePool", QuantizedDrawings::averagePool);
    drawings.put("QLinearGlobalAveragePool", QuantizedDrawings::globalAveragePool);
    drawings.put("QGemm", QuantizedDrawings::gemm);
    drawings.put("MatMulIntegerToFloat", QuantizedDrawings::toFloat);
    drawings.put("DynamicQuantizeMatMul", QuantizedDrawings::dynamicProduct);
    drawings.put("QAttention", QuantizedDrawings::attention);
    drawings.put("MatMulInteger16", QuantizedDrawings::wideProduct);
    drawings.put("QuantizeLinear", QuantizedDrawings::quantize);
    drawings.put("DequantizeLinear", QuantizedDrawings::dequantize);
    drawings.put("DynamicQuantizeLSTM", QuantizedDrawings::lstm);
    drawings.put("QEmbedLayerNormalization", QuantizedDrawings::embedding);
  }

  static long[] dims(SweptNode node, int least, int most) {
    long[] dims = new long[(int) node.between(least, most)];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = node.between(1, 6);
    }
    return dims;
  }

  private static DataType eightBits(SweptNode node) {
    return node.oneOf(DataType.UINT8, DataType.INT8);
  }

  static Tensor integers(SweptNode node, DataType type, long... dims) {
    int bits = type.bits();
    double low = type.name().startsWith("U") ? 0 : -(1L << (bits - 1));
    return node.values(type, low, low + (1L << bits), dims);
  }

  /**
   * Weights of a product. Signed 8-bit ones leave one bit unused, because on processors without
   * VNNI ONNX Runtime adds two products in 16 bits, which saturate.
   */
  static Tensor weights(SweptNode node, DataType type, long... dims) {
    return type == DataType.INT8 ? node.values(type, -64, 64, dims) : integers(node, type, dims);
  }

  private static Tensor scale(SweptNode node, long... dims) {
    return node.values(DataType.FLOAT, 0.004, 0.06, dims);
  }

  /** Scale and zero point, each one value. */
  private static void parameters(SweptNode node, DataType type) {
    node.stored(scale(node)).stored(integers(node, type));
  }

  private static void quantized(SweptNode node, DataType type, long... dims) {
    node.fed(integers(node, type, dims));
    parameters(node, type);
  }

  private static void binary(SweptNode node) {
    DataType type = eightBits(node);
    long[] a = dims(node, 1, 4);
    long[] b = a.clone();
    b[(int) node.between(0, b.length - 1)] = 1;
    quantized(node, type, a);
    quantized(node, type, node.chance() ? a : b);
    parameters(node.within(ONE_STEP), type);
  }

  private static void concat(SweptNode node) {
    DataType type = eightBits(node);
    long[] dims = dims(node, 1, 4);
    int axis = (int) node.between(0, dims.length - 1);
    parameters(node.with("axis", axis).within(ONE_STEP), type);
    for (long i = node.between(1, 4); i > 0; i--) {
      dims[axis] = node.between(1, 5);
      quantized(node, type, dims);
    }
  }

  private static void where(SweptNode node) {
    DataType type = eightBits(node);
    long[] dims = dims(node, 1, 3);
    node.fed(node.values(DataType.BOOL, 0, 2, dims));
    quantized(node, type, dims);
    quantized(node, type, dims);
    parameters(node.within(ONE_STEP), type);
  }

  private static void unary(SweptNode node, long[] dims) {
    DataType type = eightBits(node);
    quantized(node, type, dims);
    parameters(node.within(ONE_STEP), type);
  }

  private static void softmax(SweptNode node) {
    DataType type = eightBits(node);
    long[] dims = dims(node, 2, 4);
    int axis = (int) node.between(0, dims.length - 1);
    dims[axis] = node.between(2, 6); // ONNX Runtime overflows if a probability is 1
    node.with("axis", node.oneOf(axis, axis - dims.length));
    node.with("opset", node.oneOf(11, 13)).fed(integers(node, type, dims));
    // ONNX Runtime overflows at 255.5 of 256 steps: inputs that differ by at most 4 stay below.
    node.stored(Tensor.ofFloats(Shape.SCALAR, 1 / 64f)).stored(integers(node, type));
    long least = type == DataType.INT8 ? -128 : 0; // any other overflows in ONNX Runtime
    node.stored(Tensor.ofFloats(Shape.SCALAR, 1 / 256f));
    node.stored(SweptNode.ints(type, Shape.SCALAR, least));
    node.within(ONE_STEP);
  }

  private static void averagePool(SweptNode node) {
    long[] kernel = {node.between(1, 3), node.between(1, 3)};
    long pad = Math.min(kernel[0], kernel[1]) > 1 ? node.between(0, 1) : 0;
    node.with("kernel_shape", kernel)
        .with("strides", new long[] {node.between(1, 2), node.between(1, 2)})
        .with("pads", new long[] {pad, pad, pad, pad})
        .with("count_include_pad", node.between(0, 1));
    boolean isLast = channelsLast(node);
    long channels = node.between(1, 4);
    long height = node.between(4, 8);
    long width = node.between(4, 8);
    unary(
        node,
        isLast ? new long[] {2, height, width, channels} : new long[] {2, channels, height, width});
  }

  private static boolean channelsLast(SweptNode node) {
    boolean isLast = node.chance();
    node.with("channels_last", isLast ? 1 : 0);
    return isLast;
  }

  private static void globalAveragePool(SweptNode node) {
    channelsLast(node);
    unary(node, dims(node, 3, 4));
  }

  private static void gemm(SweptNode node) {
    long m = node.between(1, 5);
    long k = node.between(1, 70);
    long n = node.between(1, 5);
    boolean turnsA = node.chance();
    boolean turnsB = node.chance();
    boolean hasChannels = node.chance();
    DataType type = eightBits(node);
    DataType weights = node.oneOf(DataType.INT8, type);
    node.with("transA", turnsA ? 1 : 0).with("transB", turnsB ? 1 : 0);
    node.with("alpha", node.oneOf(1f, 0.5f));
    quantized(node, type, turnsA ? new long[] {k, m} : new long[] {m, k});
    node.either(weights(node, weights, turnsB ? new long[] {n, k} : new long[] {k, n}));
    long[] one = hasChannels ? new long[] {n} : new long[0];
    node.stored(scale(node, one)).stored(integers(node, weights, one));
    if (node.chance()) {
      node.either(node.values(DataType.INT32, -900, 900, node.oneOf(n, 1L)));
    } else {
      node.nothing();
    }
    if (node.chance()) {
      node.stored(Tensor.ofFloats(Shape.SCALAR, 0.5f)).stored(integers(node, type));
      node.within(ONE_STEP);
    }
  }

  private static void toFloat(SweptNode node) {
    long k = node.between(1, 70);
    long n = node.between(1, 5);
    DataType type = eightBits(node);
    DataType weights = node.oneOf(DataType.INT8, type); // as ONNX Runtime has them
    long[] each = node.chance() ? new long[] {n} : new long[0];
    node.fed(integers(node, type, node.between(1, 3), node.between(1, 4), k));
    node.either(weights(node, weights, k, n)).stored(scale(node)).stored(scale(node, each));
    if (node.chance()) {
      node.stored(integers(node, type));
    } else {
      node.nothing();
    }
    if (node.chance()) {
      node.stored(integers(node, weights, each));
    } else {
      node.nothing();
    }
    if (node.chance()) {
      node.either(node.floats(n));
    }
  }

  private static void dynamicProduct(SweptNode node) {
    long k = node.between(1, 70);
    long n = node.between(1, 5);
    DataType weights = eightBits(node);
    long[] each = node.chance() ? new long[] {n} : new long[0];
    node.fed(node.floats(node.between(1, 3), node.between(1, 4), k));
    node.either(weights(node, weights, k, n)).stored(scale(node, each));
    if (node.chance()) {
      node.stored(integers(node, weights, each));
    } else {
      node.nothing();
    }
    if (node.chance()) {
      node.either(node.floats(n));
    }
  }

  private static void attention(SweptNode node) {
    long batch = node.between(1, 2);
    long tokens = node.between(1, 5);
    long heads = node.between(1, 3);
    long depth = node.between(1, 6);
    long width = node.between(1, 9);
    long past = node.chance() ? node.between(0, 3) : -1;
    long keys = tokens + Math.max(0, past);
    long projected = 3 * heads * depth;
    DataType type = DataType.UINT8;
    DataType weights = eightBits(node);
    node.with("num_heads", heads).with("unidirectional", node.between(0, 1));
    node.fed(integers(node, type, batch, tokens, width));
    node.either(weights(node, weights, width, projected)).either(node.floats(projected));
    long[] each = node.chance() ? new long[] {projected} : new long[0];
    node.stored(scale(node)).stored(scale(node, each));
    switch ((int) node.between(0, 2)) {
      case 0 -> node.nothing();
      case 1 -> node.fed(node.values(DataType.INT32, 0, 2, batch, keys));
      default -> node.fed(node.values(DataType.INT32, 1, keys + 1, batch));
    }
    node.stored(integers(node, type)).stored(integers(node, weights, each));
    if (past >= 0) {
      node.fed(node.floats(2, batch, heads, past, depth)).outputs(0, 1);
    }
  }

  private static void wideProduct(SweptNode node) {
    long k = node.between(1, 9);
    node.fed(node.values(DataType.INT16, -3000, 3000, node.between(1, 4), k));
    node.either(node.values(DataType.INT16, -3000, 3000, k, node.between(1, 4)));
  }

  private static void quantize(SweptNode node) {
    DataType type = node.oneOf(DataType.UINT8, DataType.INT8, DataType.UINT16, DataType.INT16);
    long[] dims = dims(node, 1, 4);
    int axis = (int) node.between(0, dims.length - 1);
    long[] each = node.chance() ? new long[] {dims[axis]} : new long[0];
    node.with("axis", axis).fed(node.floats(dims)).stored(scale(node, each));
    node.stored(integers(node, type, each)).within(ONE_STEP);
  }

  private static void dequantize(SweptNode node) {
    DataType type =
        node.oneOf(DataType.UINT8, DataType.INT8, DataType.UINT16, DataType.INT16, DataType.INT4);
    long[] dims = dims(node, 1, 4);
    int axis = (int) node.between(0, dims.length - 1);
    long[] each = node.chance() ? new long[] {dims[axis]} : new long[0];
    Tensor x = integers(node, type, dims);
    if (type.bits() < 8 || type == DataType.UINT16) { // ONNX Runtime's Java cannot feed them
      node.stored(x);
    } else {
      node.fed(x);
    }
    node.with("axis", axis).stored(scale(node, each)).stored(integers(node, type, each));
  }

  private static void lstm(SweptNode node) {
    long time = node.between(1, 5);
    long batch = 1; // one thread of ONNX Runtime quantises the states of a batch together
    long width = node.between(1, 6);
    long hidden = node.between(1, 6);
    boolean isBoth = node.chance();
    long directions = isBoth ? 2 : 1;
    long[] each = node.chance() ? new long[] {directions, 4 * hidden} : new long[] {directions};
    DataType type = eightBits(node);
    node.with("hidden_size", hidden);
    node.with("direction", isBoth ? "bidirectional" : node.oneOf("forward", "reverse"));
    node.fed(node.floats(time, batch, width));
    node.stored(weights(node, type, directions, width, 4 * hidden));
    node.stored(weights(node, type, directions, hidden, 4 * hidden));
    optional(node, node.floats(directions, 8 * hidden));
    node.nothing();
    optional(node, node.floats(directions, batch, hidden));
    optional(node, node.floats(directions, batch, hidden));
    optional(node, node.floats(directions, 3 * hidden));
    for (int i = 0; i < 2; i++) {
      node.stored(node.values(DataType.FLOAT, 0.001, 0.01, each));
      boolean isZero = each.length == 2; // ONNX Runtime accepts no others
      node.stored(isZero ? node.values(type, 0, 0, each) : integers(node, type, each));
    }
    node.outputs(node.oneOf(new int[] {0}, new int[] {0, 1, 2}));
    node.within(new Tolerance(1e-3, 1e-4, 0));
  }

  private static void optional(SweptNode node, Tensor tensor) {
    if (node.chance()) {
      node.either(tensor);
    } else {
      node.nothing();
    }
  }

  private static void embedding(SweptNode node) {
    long batch = node.between(1, 3);
    long tokens = node.between(1, 4);
    long width = node.between(1, 6);
    boolean hasSegments = node.chance();
    DataType type = DataType.UINT8;
    node.fed(node.values(DataType.INT32, 0, 5, batch, tokens));
    if (hasSegments) {
      node.fed(node.values(DataType.INT32, 0, 2, batch, tokens));
    } else {
      node.nothing();
    }
    node.stored(integers(node, type, 5, width)).stored(integers(node, type, 6, width));
    if (hasSegments) {
      node.stored(integers(node, type, 2, width));
    } else {
      node.nothing();
    }
    node.stored(integers(node, type, width)).stored(integers(node, type, width));
    node.fed(node.values(DataType.INT32, 0, 2, batch, tokens)).outputs(0, 1);
    for (int i = 0; i < 10; i++) {
      boolean isSegment = i % 5 == 2;
      if (isSegment && !hasSegments) {
        node.nothing();
      } else {
        node.stored(i < 5 ? scale(node) : integers(node, type));
      }
    }
  }
}
