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

/**
 * A piece of work that is made to reach a roof.
 *
 * @param amount FLOPs, or bytes read and written
 * @param isLargerThanTheOneBefore whether it can be left out once the one before was slow
 */
record ProbeWork(String name, Graph graph, double amount, boolean isLargerThanTheOneBefore) {
  private static final int OPSET = 18;

  /** Matrix products and convolutions, from small to large. */
  static List<ProbeWork> compute(Device device) {
    boolean isGpu = device.kind() == DeviceKind.CUDA;
    List<ProbeWork> works = new ArrayList<>();
    for (int size : isGpu ? new int[] {2048, 4096, 8192} : new int[] {512, 1024, 2048}) {
      works.add(matrixProduct(size, !works.isEmpty()));
    }
    int channels = isGpu ? 512 : 256;
    for (int batch : isGpu ? new int[] {16, 64} : new int[] {1, 4}) {
      works.add(convolution(batch, channels, 28, batch > (isGpu ? 16 : 1)));
    }
    return works;
  }

  /** Reading and writing far more than any cache holds. */
  static List<ProbeWork> memory(Device device) {
    boolean isGpu = device.kind() == DeviceKind.CUDA;
    long elements = isGpu ? 1L << 28 : 1L << 26;
    return List.of(copy(elements), read(elements));
  }

  /** One element: all of its time is the cost of a launch. */
  static ProbeWork nothing() {
    GraphBuilder graph = new GraphBuilder("nothing", OPSET);
    graph.input("x", TensorType.of(DataType.FLOAT, 1, 1));
    graph.add("Relu", "y", Attributes.NONE, "x");
    return new ProbeWork("launch", graph.build(List.of("y")), 0, false);
  }

  private static ProbeWork matrixProduct(int size, boolean isLarger) {
    String name = "MatMul " + size + "x" + size + "x" + size;
    GraphBuilder graph = new GraphBuilder(name, OPSET);
    TensorType square = TensorType.of(DataType.FLOAT, size, size);
    graph.input("a", square);
    graph.constant("b", RandomTensor.weights(square, 7, size));
    graph.add("MatMul", "y", Attributes.NONE, "a", "b");
    return new ProbeWork(name, graph.build(List.of("y")), 2.0 * size * size * size, isLarger);
  }

  /** 3x3, as many channels out as in, the same size out as in. */
  private static ProbeWork convolution(int batch, int channels, int side, boolean isLarger) {
    String name = "Conv 3x3 " + batch + "x" + channels + "x" + side + "x" + side;
    GraphBuilder graph = new GraphBuilder(name, OPSET);
    graph.input("x", TensorType.of(DataType.FLOAT, batch, channels, side, side));
    TensorType weights = TensorType.of(DataType.FLOAT, channels, channels, 3, 3);
    graph.constant("w", RandomTensor.weights(weights, 7, 9L * channels));
    graph.add(
        "Conv",
        "y",
        Attributes.of("kernel_shape", new long[] {3, 3}, "pads", new long[] {1, 1, 1, 1}),
        "x",
        "w");
    double macs = 9.0 * batch * channels * channels * side * side;
    return new ProbeWork(name, graph.build(List.of("y")), 2 * macs, isLarger);
  }

  private static ProbeWork copy(long elements) {
    GraphBuilder graph = new GraphBuilder("copy", OPSET);
    graph.input("x", TensorType.of(DataType.FLOAT, elements / 1024, 1024));
    graph.add("Neg", "y", Attributes.NONE, "x");
    return new ProbeWork("copy", graph.build(List.of("y")), 8.0 * elements, false);
  }

  private static ProbeWork read(long elements) {
    GraphBuilder graph = new GraphBuilder("read", OPSET);
    graph.input("x", TensorType.of(DataType.FLOAT, elements / 1024, 1024));
    graph.add("ReduceMax", "y", Attributes.of("keepdims", 0), "x");
    return new ProbeWork("read", graph.build(List.of("y")), 4.0 * elements, false);
  }
}
