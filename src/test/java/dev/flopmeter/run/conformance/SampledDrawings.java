package dev.flopmeter.run.conformance;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** ONNX's operators that the GPU composes from others: transforms, grids, columns, statistics. */
final class SampledDrawings {
  private static final Tolerance SUMS = new Tolerance(1e-3, 1e-4, 0);

  private SampledDrawings() {}

  static void addTo(Map<String, Consumer<SweptNode>> drawings) {
    drawings.put("DFT", SampledDrawings::transform);
    drawings.put("STFT", SampledDrawings::frames);
    drawings.put("AffineGrid", SampledDrawings::grid);
    drawings.put("Col2Im", SampledDrawings::columns);
    drawings.put("MaxUnpool", SampledDrawings::unpooled);
    drawings.put("ONNX's Unique", SampledDrawings::unique);
    drawings.put("BatchNormalization", SampledDrawings::trained);
  }

  private static void transform(SweptNode node) {
    node.of("", "DFT", 20).within(SUMS);
    boolean isReal = node.chance();
    boolean isInverse = !isReal && node.chance();
    long size = node.between(1, 24);
    node.fed(node.floats(2, size, node.between(1, 3), isReal ? 1 : 2));
    node.either(Tensor.ofLong(node.chance() ? size : node.between(1, 24)));
    node.stored(Tensor.ofLong(1));
    node.with("inverse", isInverse ? 1L : 0L).with("onesided", isReal && node.chance() ? 1L : 0L);
  }

  private static void frames(SweptNode node) {
    node.of("", "STFT", 17).within(SUMS);
    long size = node.between(2, 16);
    node.fed(node.floats(2, size + node.between(0, 30), 1));
    node.either(Tensor.ofLong(node.between(1, 5)));
    if (node.chance()) {
      node.fed(node.floats(size));
    } else {
      node.nothing();
    }
    node.stored(Tensor.ofLong(size)).with("onesided", node.chance() ? 1L : 0L);
  }

  private static void grid(SweptNode node) {
    node.of("", "AffineGrid", 20);
    int axes = (int) node.between(2, 3);
    long batch = node.between(1, 2);
    node.fed(node.floats(batch, axes, axes + 1));
    long[] size = new long[axes + 2];
    for (int i = 0; i < size.length; i++) {
      size[i] = i == 0 ? batch : node.between(2, 6);
    }
    node.either(Tensor.ofLongs(size)).with("align_corners", node.chance() ? 1L : 0L);
  }

  /** Only for images: along one or three axes ONNX Runtime differs from ONNX's reference. */
  private static void columns(SweptNode node) {
    node.of("", "Col2Im", 18);
    int axes = 2;
    long[] image = new long[axes];
    long[] block = new long[axes];
    long[] strides = new long[axes];
    long[] dilations = new long[axes];
    long[] pads = new long[2 * axes];
    long count = 1;
    long places = 1;
    for (int i = 0; i < axes; i++) {
      block[i] = node.between(1, 3);
      dilations[i] = node.between(1, 2);
      strides[i] = node.between(1, 3);
      pads[i] = node.between(0, 1);
      pads[axes + i] = node.between(0, 1);
      image[i] = node.between(5, 8);
      count *=
          (image[i] + pads[i] + pads[axes + i] - (block[i] - 1) * dilations[i] - 1) / strides[i]
              + 1;
      places *= block[i];
    }
    node.fed(node.floats(2, node.between(1, 2) * places, count));
    node.either(Tensor.ofLongs(image)).either(Tensor.ofLongs(block));
    node.with("strides", strides).with("dilations", dilations).with("pads", pads);
  }

  private static void unpooled(SweptNode node) {
    node.of("", "MaxUnpool", 11);
    long height = node.between(1, 3);
    long width = node.between(1, 3);
    long[] places = new long[(int) (2 * height * width)];
    for (int i = 0; i < places.length; i++) {
      long row = i / width % height;
      places[i] =
          (i / (height * width) * 2 * height + 2 * row + node.between(0, 1)) * 2 * width
              + i % width * 2
              + node.between(0, 1);
    }
    node.fed(node.floats(1, 2, height, width));
    node.fed(SweptNode.ints(DataType.INT64, Shape.of(1, 2, height, width), places));
    node.with("kernel_shape", new long[] {2, 2}).with("strides", new long[] {2, 2});
  }

  private static void unique(SweptNode node) {
    node.of("", "Unique", 11);
    DataType type = node.oneOf(DataType.FLOAT, DataType.INT64, DataType.DOUBLE, DataType.INT8);
    long[] dims = {node.between(1, 4), node.between(1, 4), node.between(1, 4)};
    int count = (int) Shape.of(dims).elements();
    double[] few = IntStream.range(0, count).mapToDouble(i -> node.between(-1, 1)).toArray();
    node.fed(SweptNode.of(type, Shape.of(dims), few)).with("sorted", node.chance() ? 1L : 0L);
    if (node.chance()) {
      node.with("axis", node.between(-3, 2));
    }
    node.outputs(0, 1, 2, 3);
  }

  private static void trained(SweptNode node) {
    node.of("", "BatchNormalization", 15).within(SUMS);
    long channels = node.between(1, 5);
    node.fed(node.floats(node.between(2, 4), channels, node.between(2, 6)));
    node.either(node.floats(channels)).either(node.floats(channels));
    node.fed(node.floats(channels)).fed(node.values(DataType.FLOAT, 0.1, 1, channels));
    node.with("training_mode", 1L).with("momentum", 0.7f).outputs(0, 1, 2);
  }
}
