package dev.flopmeter.run.conformance;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import java.util.Map;
import java.util.function.Consumer;

/** ONNX's own operators on 8-bit integers, with all kinds of zero points. */
final class IntegerDrawings {
  private IntegerDrawings() {}

  static void addTo(Map<String, Consumer<SweptNode>> drawings) {
    drawings.put("MatMulInteger", IntegerDrawings::product);
    drawings.put("ConvInteger", IntegerDrawings::convolution);
    drawings.put("QLinearMatMul", IntegerDrawings::quantizedProduct);
  }

  private static void product(SweptNode node) {
    long k = node.between(1, 40);
    long n = node.between(1, 9);
    node.of("", "MatMulInteger", 10);
    DataType type = node.oneOf(DataType.UINT8, DataType.INT8);
    DataType weights = node.oneOf(DataType.UINT8, DataType.INT8);
    long[] rows =
        node.chance()
            ? new long[] {node.between(1, 5), k}
            : new long[] {node.between(1, 3), node.between(1, 4), k};
    node.fed(QuantizedDrawings.integers(node, type, rows));
    node.either(QuantizedDrawings.weights(node, weights, k, n));
    zeroPoint(node, type);
    zeroPoint(node, weights, node.chance() ? new long[] {n} : new long[0]);
    node.within(new Tolerance(0, 0, 0));
  }

  private static void zeroPoint(SweptNode node, DataType type, long... dims) {
    if (node.chance()) {
      node.either(QuantizedDrawings.integers(node, type, dims));
    } else {
      node.nothing();
    }
  }

  private static void convolution(SweptNode node) {
    long group = node.oneOf(1L, 1L, 2L);
    long in = group * node.between(1, 5);
    long out = group * node.between(1, 6);
    node.of("", "ConvInteger", 10);
    long[] kernel = {node.between(1, 3), node.between(1, 3)};
    node.with("group", group).with("strides", new long[] {node.between(1, 2), 1L});
    node.with(
        "pads",
        new long[] {
          node.between(0, 1), node.between(0, 1), node.between(0, 1), node.between(0, 1)
        });
    node.fed(
        QuantizedDrawings.integers(
            node, DataType.UINT8, 2, in, node.between(4, 8), node.between(4, 8)));
    DataType weights = node.oneOf(DataType.UINT8, DataType.INT8);
    node.either(QuantizedDrawings.weights(node, weights, out, in / group, kernel[0], kernel[1]));
    zeroPoint(node, DataType.UINT8);
    zeroPoint(node, weights);
    node.within(new Tolerance(0, 0, 0));
  }

  private static void quantizedProduct(SweptNode node) {
    long k = 4 * node.between(1, 12);
    long n = 4 * node.between(1, 3);
    node.of("", "QLinearMatMul", 21);
    DataType type = node.oneOf(DataType.UINT8, DataType.INT8);
    DataType weights = type == DataType.INT8 ? type : node.oneOf(DataType.UINT8, DataType.INT8);
    node.fed(QuantizedDrawings.integers(node, type, 2, node.between(1, 4), k));
    node.stored(Tensor.ofFloats(Shape.SCALAR, 0.02f));
    node.either(QuantizedDrawings.integers(node, type));
    node.either(QuantizedDrawings.weights(node, weights, k, n));
    long[] each = node.chance() ? new long[] {n} : new long[0];
    node.stored(node.values(DataType.FLOAT, 0.01, 0.03, each));
    node.stored(QuantizedDrawings.integers(node, weights, each));
    node.stored(Tensor.ofFloats(Shape.SCALAR, 0.4f));
    node.either(QuantizedDrawings.integers(node, type));
    node.within(new Tolerance(0, 1, 0));
  }
}
