package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Layout;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.SearchEffort;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Convolutions of random shapes: strides, dilation, groups, uneven padding, channels that are not
 * multiples of 8, with and without fused operators. A seed identifies its case.
 */
class RandomConvolutionsTest {
  private static final int CASES = 60;
  @RegisterExtension static final BothBackends backends = new BothBackends();

  static IntStream seeds() {
    return IntStream.range(0, CASES);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void agreesWithPyTorch(int seed) {
    Random random = new Random(seed);
    Graph graph = graph(random);
    Precision precision = Comparison.OF_FLOATS.get(random.nextInt(Comparison.OF_FLOATS.size()));
    Layout layout = Layout.values()[random.nextInt(Layout.values().length)];
    RunOptions options =
        RunOptions.DEFAULT
            .withPrecision(precision)
            .withLayout(layout)
            .withFuse(random.nextInt(4) > 0);
    compare(graph, options, seed);
  }

  /** Every engine of the emulated cuDNN needs a workspace: without one, our own kernel runs. */
  @ParameterizedTest
  @MethodSource("seeds")
  void ownKernelAgreesWithPyTorch(int seed) {
    Random random = new Random(seed);
    Graph graph = graph(random);
    Precision precision = Comparison.OF_FLOATS.get(random.nextInt(Comparison.OF_FLOATS.size()));
    Layout layout = Layout.values()[random.nextInt(Layout.values().length)];
    compare(graph, new RunOptions(precision, layout, true, 0, 0, SearchEffort.QUICK, null), seed);
  }

  private static void compare(Graph graph, RunOptions options, int seed) {
    Map<String, Tensor> inputs = Map.of("x", new RandomTensor(graph.requireType("x"), seed, -1, 1));
    try (Plan expected = backends.reference().prepare(graph, RunOptions.DEFAULT);
        Plan plan = backends.gpu().prepare(graph, options)) {
      assertThat(Comparison.relativeL2(expected.run(inputs), plan.run(inputs)))
          .as(graph.nodes().get(0) + " " + options)
          .isLessThan(Comparison.limit(options.precision()));
    }
  }

  private static Graph graph(Random random) {
    int axes = random.nextInt(6) == 0 ? 1 : random.nextInt(8) == 0 ? 3 : 2;
    int groups = random.nextInt(3) == 0 ? 1 + random.nextInt(4) : 1;
    long inputs = groups * (1L + random.nextInt(random.nextBoolean() ? 4 : 20));
    long outputs = groups * (1L + random.nextInt(12));
    long[] kernel = new long[axes];
    long[] stride = new long[axes];
    long[] dilation = new long[axes];
    long[] pads = new long[2 * axes];
    long[] x = new long[axes + 2];
    long[] w = new long[axes + 2];
    x[0] = 1L + random.nextInt(3);
    x[1] = inputs;
    w[0] = outputs;
    w[1] = inputs / groups;
    boolean isUneven = random.nextInt(3) == 0;
    for (int i = 0; i < axes; i++) {
      kernel[i] = 1 + random.nextInt(4);
      stride[i] = 1 + random.nextInt(3);
      dilation[i] = 1 + random.nextInt(2);
      pads[i] = random.nextInt(3);
      pads[axes + i] = isUneven ? random.nextInt(3) : pads[i];
      x[i + 2] = (kernel[i] - 1) * dilation[i] + 1 + random.nextInt(axes == 3 ? 5 : 12);
      w[i + 2] = kernel[i];
    }
    GraphBuilder graph = new GraphBuilder("random", 17);
    graph.input("x", TensorType.of(DataType.FLOAT, x));
    graph.constant(
        "w", RandomTensor.weights(TensorType.of(DataType.FLOAT, w), random.nextInt(), w[1]));
    graph.constant(
        "b", new RandomTensor(TensorType.of(DataType.FLOAT, outputs), random.nextInt(), -1, 1));
    Attributes attributes =
        Attributes.of(
            "group",
            groups,
            "strides",
            stride,
            "dilations",
            dilation,
            "pads",
            pads,
            "kernel_shape",
            kernel);
    String value =
        random.nextBoolean()
            ? graph.add("Conv", "conv", attributes, "x", "w", "b")
            : graph.add("Conv", "conv", attributes, "x", "w");
    if (random.nextBoolean()) {
      value = normalized(graph, value, outputs, random);
    }
    if (random.nextInt(3) == 0) {
      String residual = graph.add("Conv", "residual", attributes, "x", "w");
      value = graph.add("Add", "sum", Attributes.NONE, value, residual);
    }
    if (random.nextBoolean()) {
      value = graph.add("Relu", "relu", Attributes.NONE, value);
    }
    return graph.build(java.util.List.of(value));
  }

  private static String normalized(GraphBuilder graph, String value, long channels, Random random) {
    TensorType type = TensorType.of(DataType.FLOAT, channels);
    graph.constant("gamma", new RandomTensor(type, random.nextInt(), 0.5, 1.5));
    graph.constant("beta", new RandomTensor(type, random.nextInt(), -1, 1));
    graph.constant("mean", new RandomTensor(type, random.nextInt(), -1, 1));
    graph.constant("variance", new RandomTensor(type, random.nextInt(), 0.5, 2));
    return graph.add(
        "BatchNormalization", "norm", Attributes.NONE, value, "gamma", "beta", "mean", "variance");
  }
}
