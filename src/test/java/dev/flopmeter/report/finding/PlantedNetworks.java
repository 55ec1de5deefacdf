package dev.flopmeter.report.finding;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import java.util.List;

/** Small networks, each with one shape or sequence of operators that matters. */
final class PlantedNetworks {
  private PlantedNetworks() {}

  private static TensorType floats(long... dims) {
    return TensorType.of(DataType.FLOAT, dims);
  }

  private static String weights(GraphBuilder graph, String name, long... dims) {
    return graph.constant(name, RandomTensor.weights(floats(dims), 7, 64));
  }

  private static String convolution(
      GraphBuilder graph, String name, String input, long channels, long groups) {
    String weights = weights(graph, name + "/w", channels, channels / groups, 3, 3);
    Attributes same =
        Attributes.of(
            "kernel_shape", new long[] {3, 3}, "pads", new long[] {1, 1, 1, 1}, "group", groups);
    return graph.add("Conv", name, same, input, weights);
  }

  /** Four convolutions, each followed by an activation if requested. */
  static Graph convolutions(long channels, long groups, boolean isActivated) {
    GraphBuilder graph = new GraphBuilder("convolutions", 18);
    String value = graph.input("x", floats(2, channels, 32, 32));
    for (int i = 0; i < 4; i++) {
      value = convolution(graph, "conv" + i, value, channels, groups);
      if (isActivated) {
        value = graph.add("Relu", "relu" + i, Attributes.NONE, value);
      }
    }
    return graph.build(List.of(value));
  }

  /** Elementwise operators after a pooling, which cannot be fused into anything. */
  static Graph chain() {
    GraphBuilder graph = new GraphBuilder("chain", 18);
    String value = graph.input("x", floats(2, 32, 32, 32));
    value = convolution(graph, "conv", value, 32, 1);
    Attributes window = Attributes.of("kernel_shape", new long[] {1, 1});
    for (int i = 0; i < 3; i++) {
      value = graph.add("MaxPool", "pool" + i, window, value);
      value = graph.add("Sin", "sin" + i, Attributes.NONE, value);
    }
    return graph.build(List.of(value));
  }

  static Graph transposed() {
    GraphBuilder graph = new GraphBuilder("transposed", 18);
    String value = graph.input("x", floats(2, 8, 32, 32));
    for (int i = 0; i < 3; i++) {
      value = convolution(graph, "conv" + i, value, 8, 1);
      Attributes turned = Attributes.of("perm", new long[] {0, 1, 3, 2});
      value = graph.add("Transpose", "turned" + i, turned, value);
    }
    return graph.build(List.of(value));
  }

  /** Three products of this number of rows with square weights. */
  static Graph rows(long rows, long width) {
    GraphBuilder graph = new GraphBuilder("rows", 18);
    String value = graph.input("x", floats(rows, width));
    for (int i = 0; i < 3; i++) {
      String weights = weights(graph, "w" + i, width, width);
      value = graph.add("MatMul", "product" + i, Attributes.NONE, value, weights);
    }
    return graph.build(List.of(value));
  }

  static Graph softmax() {
    GraphBuilder graph = new GraphBuilder("softmax", 18);
    String value = graph.input("x", floats(256, 256));
    value = graph.add("MatMul", "product", Attributes.NONE, value, weights(graph, "w", 256, 256));
    value = graph.add("Softmax", "softmax", Attributes.NONE, value);
    return graph.build(List.of(value));
  }

  /** Convolutions between operators that prefer another layout. */
  static Graph mixed() {
    GraphBuilder graph = new GraphBuilder("mixed", 18);
    String value = graph.input("x", floats(2, 32, 32, 32));
    for (int i = 0; i < 2; i++) {
      value = convolution(graph, "conv" + i, value, 32, 1);
      String shape = graph.constant("shape" + i, Tensor.ofLongs(new long[] {2, 8, 64, 64}));
      String other = graph.constant("back" + i, Tensor.ofLongs(new long[] {2, 32, 32, 32}));
      value = graph.add("Reshape", "reshaped" + i, Attributes.NONE, value, shape);
      value = graph.add("Softmax", "softmax" + i, Attributes.NONE, value);
      value = graph.add("Reshape", "back" + i + "/r", Attributes.NONE, value, other);
    }
    value = convolution(graph, "last", value, 32, 1);
    return graph.build(List.of(value));
  }

  /** 20 steps, each with two products of one row. */
  static Graph recurrent() {
    GraphBuilder graph = new GraphBuilder("recurrent", 18);
    String value = graph.input("x", floats(20, 1, 64));
    String input = weights(graph, "w", 1, 256, 64);
    String state = weights(graph, "r", 1, 256, 64);
    Attributes size = Attributes.of("hidden_size", 64L);
    return graph.build(List.of(graph.add("LSTM", "lstm", size, value, input, state)));
  }

  static Graph halfFloats() {
    GraphBuilder graph = new GraphBuilder("half", 18);
    String value = graph.input("x", TensorType.of(DataType.FLOAT16, 256, 256));
    return graph.build(List.of(graph.add("Softmax", "softmax", Attributes.NONE, value)));
  }
}
