package dev.flopmeter.run.conformance;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import java.util.Map;
import java.util.function.Consumer;

/** Images with channels last and in blocks, and ONNX Runtime's additions to ONNX's operators. */
final class ImageDrawings {
  private ImageDrawings() {}

  static void addTo(Map<String, Consumer<SweptNode>> drawings) {
    drawings.put("NhwcMaxPool", ImageDrawings::maxPool);
    drawings.put("QLinearConv", ImageDrawings::quantizedConvolution);
    drawings.put("CDist", ImageDrawings::distances);
    drawings.put("CropAndResize", ImageDrawings::crops);
    drawings.put("ExpandDims", ImageDrawings::expandDims);
    drawings.put("GridSample", ImageDrawings::gridSample);
    drawings.put("Trilu", ImageDrawings::triangle);
    drawings.put("UnfoldTensor", ImageDrawings::unfold);
    drawings.put("TransposeMatMul", ImageDrawings::turnedProduct);
    drawings.put("ConvTransposeWithDynamicPads", ImageDrawings::transposedConvolution);
    drawings.put("SampleOp", node -> node.fed(node.floats(2, 3)));
    drawings.put("Range", ImageDrawings::range);
    drawings.put("GatherND", ImageDrawings::gather);
    drawings.put("Pad", ImageDrawings::pad);
  }

  private static void window(SweptNode node, boolean hasDilation) {
    long[] kernel = {node.between(1, 3), node.between(1, 3)};
    long pad = Math.min(kernel[0], kernel[1]) > 1 ? node.between(0, 1) : 0;
    node.with("kernel_shape", kernel)
        .with("strides", new long[] {node.between(1, 2), node.between(1, 2)})
        .with("pads", new long[] {pad, pad, pad, pad});
    if (hasDilation) {
      node.with("dilations", new long[] {node.between(1, 2), node.between(1, 2)});
    }
  }

  private static void maxPool(SweptNode node) {
    DataType type = node.oneOf(DataType.UINT8, DataType.INT8);
    window(node, true);
    node.fed(
        QuantizedDrawings.integers(
            node, type, node.between(1, 2), node.between(5, 9), node.between(5, 9), 3));
  }

  private static void quantizedConvolution(SweptNode node) {
    boolean isLast = node.chance();
    long group = node.between(1, 3);
    long in = group * node.between(1, 4);
    long out = group * node.between(1, 4);
    DataType type = DataType.UINT8;
    DataType weights = node.oneOf(DataType.UINT8, DataType.INT8);
    long[] kernel = {node.between(1, 3), node.between(1, 3)};
    node.with("channels_last", isLast ? 1 : 0).with("group", group);
    node.with("strides", new long[] {node.between(1, 2), node.between(1, 2)});
    long height = node.between(4, 8);
    long width = node.between(4, 8);
    node.fed(
        QuantizedDrawings.integers(
            node,
            type,
            isLast ? new long[] {2, height, width, in} : new long[] {2, in, height, width}));
    node.stored(Tensor.ofFloats(Shape.SCALAR, 0.02f))
        .stored(QuantizedDrawings.integers(node, type));
    node.stored(QuantizedDrawings.weights(node, weights, out, in / group, kernel[0], kernel[1]));
    boolean hasChannels = node.chance();
    node.stored(
        node.values(DataType.FLOAT, 0.01, 0.03, hasChannels ? new long[] {out} : new long[0]));
    node.stored(QuantizedDrawings.integers(node, weights));
    node.stored(Tensor.ofFloats(Shape.SCALAR, 0.2f)).stored(QuantizedDrawings.integers(node, type));
    if (node.chance()) {
      node.stored(node.values(DataType.INT32, -900, 900, out));
    }
    node.within(new Tolerance(0, 1, 0));
  }

  private static void distances(SweptNode node) {
    long k = node.between(1, 9);
    DataType type = node.oneOf(DataType.FLOAT, DataType.DOUBLE);
    node.with("metric", node.oneOf("euclidean", "sqeuclidean"));
    node.fed(node.values(type, -1, 1, node.between(1, 6), k));
    node.either(node.values(type, -1, 1, node.between(1, 6), k));
    node.within(new Tolerance(1e-3, 1e-4, 0));
  }

  private static void crops(SweptNode node) {
    long batch = node.between(1, 3);
    long boxes = node.between(1, 4);
    node.with("mode", node.oneOf("bilinear", "nearest"));
    node.with("extrapolation_value", node.oneOf(0f, 7f));
    node.fed(node.floats(batch, 2, node.between(2, 6), node.between(2, 6)));
    node.fed(node.values(DataType.FLOAT, -0.2, 1.2, boxes, 4));
    node.fed(node.values(DataType.INT32, 0, batch, boxes));
    node.stored(
        SweptNode.ints(DataType.INT32, Shape.of(2), node.between(1, 5), node.between(1, 5)));
    node.within(new Tolerance(1e-3, 1e-4, 0));
  }

  private static void expandDims(SweptNode node) {
    long[] dims = QuantizedDrawings.dims(node, 1, 3);
    node.fed(node.floats(dims));
    long axis = node.between(-dims.length - 1, dims.length);
    node.stored(SweptNode.ints(DataType.INT32, Shape.SCALAR, axis));
  }

  private static void gridSample(SweptNode node) {
    node.with("mode", node.oneOf("bilinear", "nearest", "bicubic"))
        .with("padding_mode", node.oneOf("zeros", "border", "reflection"))
        .with("align_corners", node.between(0, 1));
    node.fed(node.floats(2, 2, node.between(3, 6), node.between(3, 6)));
    node.fed(node.values(DataType.FLOAT, -1.3, 1.3, 2, node.between(1, 4), 3, 2));
    node.within(new Tolerance(1e-3, 1e-4, 0));
  }

  private static void triangle(SweptNode node) {
    node.with("upper", node.between(0, 1)).fed(node.floats(2, 4, 5));
    node.stored(SweptNode.ints(DataType.INT64, Shape.SCALAR, node.between(-3, 3)));
  }

  private static void unfold(SweptNode node) {
    long[] dims = QuantizedDrawings.dims(node, 1, 3);
    int axis = (int) node.between(0, dims.length - 1);
    node.with("dim", node.oneOf(axis, axis - dims.length));
    node.with("size", node.between(1, dims[axis])).with("step", node.between(1, 3));
    node.fed(node.floats(dims));
  }

  private static void turnedProduct(SweptNode node) {
    node.with("transB", 1).with("alpha", node.oneOf(1f, 0.5f));
    node.fed(node.floats(2, 3, 4)).either(node.floats(2, 5, 4));
  }

  private static void transposedConvolution(SweptNode node) {
    node.with("kernel_shape", new long[] {3, 3}).with("strides", new long[] {2, 2});
    node.fed(node.floats(1, 2, 4, 5)).stored(node.floats(2, 3, 3, 3));
    long pad = node.between(0, 1);
    node.stored(SweptNode.ints(DataType.INT64, Shape.of(4), pad, pad, pad, pad));
    if (node.chance()) {
      node.stored(node.floats(3));
    }
  }

  private static void range(SweptNode node) {
    node.stored(SweptNode.ints(DataType.INT64, Shape.SCALAR, node.between(0, 3)));
    node.stored(SweptNode.ints(DataType.INT64, Shape.SCALAR, node.between(4, 9)));
    if (node.chance()) {
      node.stored(SweptNode.ints(DataType.INT64, Shape.SCALAR, node.between(1, 3)));
    }
  }

  private static void gather(SweptNode node) {
    node.fed(node.floats(3, 4, 2)).fed(node.values(DataType.INT64, 0, 3, 5, 2));
  }

  private static void pad(SweptNode node) {
    node.with("mode", node.oneOf("constant", "reflect", "edge")).fed(node.floats(4, 5));
    node.stored(
        SweptNode.ints(
            DataType.INT64,
            Shape.of(4),
            node.between(0, 2),
            node.between(0, 2),
            node.between(0, 2),
            node.between(0, 2)));
  }
}
