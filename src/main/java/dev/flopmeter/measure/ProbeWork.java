package dev.flopmeter.measure;

import dev.flopmeter.device.Device;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Work that is designed to reach a roof.
 *
 * @param amount FLOPs, or bytes read and written
 */
record ProbeWork(String name, Graph graph, double amount) {
  private static final int LAUNCHES = 64;
  private static final int OPSET = 18;

  /**
   * Matrix products and convolutions, from small to large; on a processor also very short ones,
   * which other programs seldom interrupt.
   */
  static List<ProbeWork> compute(Device device) {
    boolean isGpu = device.kind() == DeviceKind.CUDA;
    int channels = isGpu ? 512 : 256;
    return Stream.concat(
            (isGpu ? Stream.of(2048, 4096, 8192) : Stream.of(256, 512, 1024, 2048))
                .map(ProbeWork::matrixProduct),
            (isGpu ? Stream.of(16, 64) : Stream.of(1, 4))
                .map(batch -> convolution(batch, channels, 28)))
        .toList();
  }

  /** Reads and writes far more than any cache holds. */
  static List<ProbeWork> memory(Device device) {
    long elements = device.kind() == DeviceKind.CUDA ? 1L << 28 : 1L << 26;
    TensorType values = TensorType.of(DataType.FLOAT, elements / 1024, 1024);
    return List.of(
        series("copy", "Neg", values, 1, 2, 1), series("read", "ReduceMax", values, 1, 1, 1));
  }

  /**
   * Many steps over values that fit a GPU's L2, because a single one would be shorter than its
   * launch. {@code add} is STREAM's name for reading two arrays and writing a third, like triad.
   *
   * @param capacity bytes of the cache; half of it is used, since other data is in it, too
   */
  static List<ProbeWork> cache(long capacity) {
    return List.of(
        series("read", "ReduceMax", rows(capacity / 2), 1, 1, LAUNCHES),
        series("copy", "Neg", rows(capacity / 4), 1, 2, LAUNCHES),
        series("add", "Add", rows(capacity / 6), 2, 3, LAUNCHES));
  }

  private static TensorType rows(long bytes) {
    return TensorType.of(DataType.FLOAT, Math.max(1, bytes / 4096), 1024);
  }

  /**
   * @param values of each array
   * @param inputs of a step
   * @param arrays that a step reads or writes
   * @param steps one after the other
   */
  private static ProbeWork series(
      String name, String op, TensorType values, int inputs, int arrays, int steps) {
    GraphBuilder graph = new GraphBuilder(name, OPSET);
    String first = graph.input("x", values);
    boolean isReading = arrays == inputs;
    Attributes attributes = isReading ? Attributes.of("keepdims", 0) : Attributes.NONE;
    List<String> results = new ArrayList<>();
    String value = first;
    for (int i = 0; i < steps; i++) {
      String result =
          inputs == 1
              ? graph.add(op, "y" + i, attributes, value)
              : graph.add(op, "y" + i, attributes, value, first);
      if (isReading) {
        results.add(result);
      } else {
        value = result;
      }
    }
    Graph whole = graph.build(isReading ? results : List.of(value));
    return new ProbeWork(name, whole, (double) steps * arrays * values.bytes());
  }

  /** Whether it consists of many steps, which must stay separate. */
  boolean isSeries() {
    return graph.nodes().size() > 1;
  }

  /**
   * Steps of one element, whose time is only the cost of a launch. There are many of them, so that
   * the fixed cost of a pass does not matter.
   */
  static ProbeWork nothing() {
    return series("launch", "Sigmoid", TensorType.of(DataType.FLOAT, 1, 1), 1, 2, LAUNCHES);
  }

  private static ProbeWork matrixProduct(int size) {
    String name = "MatMul " + size + "x" + size + "x" + size;
    TensorType square = TensorType.of(DataType.FLOAT, size, size);
    double flops = 2.0 * size * size * size;
    return of(name, "MatMul", Attributes.NONE, square, square, flops);
  }

  /** 3x3, as many channels out as in, the same size out as in. */
  private static ProbeWork convolution(int batch, int channels, int side) {
    String name = "Conv 3x3 " + batch + "x" + channels + "x" + side + "x" + side;
    TensorType images = TensorType.of(DataType.FLOAT, batch, channels, side, side);
    TensorType weights = TensorType.of(DataType.FLOAT, channels, channels, 3, 3);
    Attributes same =
        Attributes.of("kernel_shape", new long[] {3, 3}, "pads", new long[] {1, 1, 1, 1});
    double flops = 2 * 9.0 * batch * channels * channels * side * side;
    return of(name, "Conv", same, images, weights, flops);
  }

  private static ProbeWork of(
      String name,
      String op,
      Attributes attributes,
      TensorType input,
      TensorType weights,
      double amount) {
    GraphBuilder graph = new GraphBuilder(name, OPSET);
    String first = graph.input("x", input);
    long products = weights.elements() / weights.shape().dim(0);
    String second = graph.constant("w", RandomTensor.weights(weights, 7, products));
    String result = graph.add(op, "y", attributes, first, second);
    return new ProbeWork(name, graph.build(List.of(result)), amount);
  }
}
