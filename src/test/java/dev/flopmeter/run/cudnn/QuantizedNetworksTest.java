package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.model.quantize.SyntheticQuantization;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.Step;
import dev.flopmeter.run.djl.DjlBackend;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Networks that are quantised synthetically run in 8 bits, with all of their products. */
class QuantizedNetworksTest {
  @RegisterExtension static final BothBackends backends = new BothBackends();

  @TempDir Path cache;

  /** An image of 3 channels, a residual block, and a product with weights and bias. */
  private static Graph network() {
    GraphBuilder graph = new GraphBuilder("block", 17);
    String image = graph.input("image", TensorType.of(DataType.FLOAT, 2, 3, 9, 9));
    String stem = rectified(graph, convolution(graph, "stem", image, 3, 8, 3));
    String first = rectified(graph, convolution(graph, "first", stem, 8, 12, 3));
    String second = convolution(graph, "second", first, 12, 8, 1);
    String sum = rectified(graph, graph.add("Add", "sum", Attributes.NONE, second, stem));
    String third = convolution(graph, "third", sum, 8, 8, 3);
    String next = rectified(graph, graph.add("Add", "next", Attributes.NONE, sum, third));
    String mean =
        graph.add(
            "Flatten",
            "flat",
            Attributes.NONE,
            graph.add("GlobalAveragePool", "mean", Attributes.NONE, next));
    String hidden =
        graph.add(
            "Add",
            "biased",
            Attributes.NONE,
            graph.add("MatMul", "product", Attributes.NONE, mean, weights(graph, "v", 8, 16)),
            weights(graph, "c", 16));
    String result =
        graph.add(
            "Gemm",
            "head",
            Attributes.of("transB", 1L),
            rectified(graph, hidden),
            weights(graph, "w", 12, 16),
            weights(graph, "b", 12));
    return graph.build(List.of(result));
  }

  private static String weights(GraphBuilder graph, String name, long... dims) {
    return graph.constant(
        name, new RandomTensor(TensorType.of(DataType.FLOAT, dims), name.hashCode(), -0.5, 0.5));
  }

  private static String rectified(GraphBuilder graph, String value) {
    return graph.add("Relu", value + ".relu", Attributes.NONE, value);
  }

  private static String convolution(
      GraphBuilder graph, String name, String x, long in, long out, long window) {
    long pad = window / 2;
    String convolved =
        graph.add(
            "Conv",
            name,
            Attributes.of("pads", List.of(pad, pad, pad, pad)),
            x,
            weights(graph, name + ".w", out, in, window, window));
    TensorType type = TensorType.of(DataType.FLOAT, out);
    return graph.add(
        "BatchNormalization",
        name + ".norm",
        Attributes.NONE,
        convolved,
        graph.constant(name + ".gamma", new RandomTensor(type, 7, 0.5, 1.5)),
        graph.constant(name + ".beta", new RandomTensor(type, 8, -0.5, 0.5)),
        graph.constant(name + ".mean", new RandomTensor(type, 9, -0.5, 0.5)),
        graph.constant(name + ".variance", new RandomTensor(type, 10, 0.5, 1.5)));
  }

  private static Map<String, Tensor> inputs(Graph graph) {
    return Map.of("image", new RandomTensor(graph.requireType("image"), 3, -1, 1));
  }

  private static Graph quantized(DjlBackend reference, DataType type) {
    SyntheticQuantization found = SyntheticQuantization.of(network(), type);
    Graph ranges = found.ranges();
    try (Plan plan = reference.prepare(ranges, RunOptions.DEFAULT)) {
      return found.quantized(plan.run(inputs(ranges)));
    }
  }

  private static String outcome(DjlBackend reference, CudnnBackend gpu, Precision precision) {
    Graph graph = quantized(reference, precision.quantizedType().orElseThrow());
    Map<String, Tensor> expected;
    try (Plan plan = reference.prepare(graph, RunOptions.DEFAULT)) {
      expected = plan.run(inputs(graph));
    }
    try (Plan plan = gpu.prepare(graph, RunOptions.DEFAULT.withPrecision(precision))) {
      double error = Comparison.relativeL2(expected, plan.run(inputs(graph)));
      List<String> unserved = new ArrayList<>(graph.nodes().stream().map(Node::name).toList());
      plan.steps().forEach(step -> step.nodes().forEach(unserved::remove));
      return "%s; %s; without a step: %s"
          .formatted(
              kernels(plan),
              error < Comparison.limit(precision) ? "right" : "wrong by " + error,
              unserved);
    }
  }

  private static String kernels(Plan plan) {
    List<String> kernels = new ArrayList<>();
    for (Step step : plan.steps()) {
      KernelInfo kernel = Objects.requireNonNull(step.kernel());
      kernels.add(kernel.algorithm().replaceAll(" engine.*", ""));
    }
    return kernels.stream()
        .collect(Collectors.groupingBy(name -> name, TreeMap::new, Collectors.counting()))
        .toString();
  }

  /**
   * Six products. The image is quantised and padded to four channels, the mean is quantised; values
   * between convolutions are never floats.
   */
  private static final String EXPECTED =
      "{fused graph %s convolution=6, graph pooling=1, ptx:convert=1, ptx:quantize=2}";

  @Test
  void allProductsOfANetworkRunInInt8() {
    assertThat(outcome(backends.reference(), backends.gpu(), Precision.INT8))
        .startsWith(EXPECTED.formatted("int8"))
        .endsWith("; right; without a step: [flat]");
  }

  /** On a device with 8-bit floats, in a separate process. */
  @Test
  void allProductsOfANetworkRunInFp8() throws IOException, InterruptedException {
    String output =
        EmulatedGpu.output(
            QuantizedNetworksTest.class,
            Map.of("FLOPMETER_EMULATED_COMPUTE_CAPABILITY", "9.0"),
            cache.toString());
    assertThat(output.strip())
        .startsWith(EXPECTED.formatted("fp8"))
        .endsWith("; right; without a step: [flat]");
  }

  public static void main(String[] args) {
    try (DjlBackend reference = DjlBackend.open();
        CudnnBackend gpu = EmulatedGpu.open(Path.of(args[0]))) {
      System.out.println(outcome(reference, gpu, Precision.FP8));
    }
  }

  /** A QLinearConv and a QLinearMatMul around 0 are the same integer products. */
  @Test
  void operatorsOnIntegersAroundZeroRunOnIntegers() {
    GraphBuilder graph = new GraphBuilder("qoperators", 17);
    String image = graph.input("image", TensorType.of(DataType.FLOAT, 1, 4, 5, 5));
    String step = number(graph, "step", 1 / 64.0);
    String zero = graph.constant("zero", FilledTensor.of(TensorType.of(DataType.INT8), 0));
    String x = graph.add("QuantizeLinear", "x", Attributes.NONE, image, step, zero);
    String w = integers(graph, "w", DataType.INT8, 100, 8, 4, 3, 3);
    String b = integers(graph, "b", DataType.INT32, 3000, 8);
    String scale = number(graph, "w.scale", 1 / 256.0);
    String y =
        graph.add(
            "QLinearConv", "y", Attributes.NONE, x, step, zero, w, scale, zero, step, zero, b);
    String flat = graph.add("Flatten", "flat", Attributes.NONE, y);
    String v = integers(graph, "v", DataType.INT8, 100, 72, 4);
    String z =
        graph.add(
            "QLinearMatMul", "z", Attributes.NONE, flat, step, zero, v, scale, zero, step, zero);
    Graph model =
        graph.build(List.of(graph.add("DequantizeLinear", "out", Attributes.NONE, z, step)));
    Map<String, Tensor> expected;
    try (Plan plan = backends.reference().prepare(model, RunOptions.DEFAULT)) {
      expected = plan.run(inputs(model));
    }
    try (Plan plan = backends.gpu().prepare(model, RunOptions.DEFAULT)) {
      assertThat(kernels(plan)).contains("fused graph int8 convolution=2");
      // In 8 bits one rounding may differ.
      assertThat(Comparison.relativeL2(expected, plan.run(inputs(model)))).isLessThan(1e-2);
    }
  }

  /** The form of ONNX Runtime's quantiser: a quantising pair between each two layers. */
  private static Graph pairs(DataType type, long zero, DataType weights, long weightZero) {
    GraphBuilder graph = new GraphBuilder("pairs", 21);
    String image = graph.input("image", TensorType.of(DataType.FLOAT, 1, 3, 7, 7));
    Pairs pairs = new Pairs(graph, type, zero, weights, weightZero);
    Attributes padded = Attributes.of("pads", List.of(1L, 1L, 1L, 1L));
    String stem = pairs.convolution("stem", padded, pairs.pair("x", image), 3, 8, 3);
    String first = pairs.pair("first", rectified(graph, stem));
    String second = pairs.convolution("second", Attributes.NONE, first, 8, 8, 1);
    String sum = graph.add("Add", "sum", Attributes.NONE, second, first);
    String third = pairs.pair("third", rectified(graph, sum));
    Attributes uneven = Attributes.of("pads", List.of(1L, 0L, 0L, 1L));
    String fourth = pairs.pair("fourth", pairs.convolution("uneven", uneven, third, 8, 12, 2));
    // The rows of a product with weights may have four axes.
    String rows =
        graph.add("Transpose", "rows", Attributes.of("perm", List.of(0L, 2L, 3L, 1L)), fourth);
    String v = pairs.weights("v", 1, 12, 16);
    return graph.build(
        List.of(graph.add("MatMul", "product", Attributes.NONE, pairs.pair("r", rows), v)));
  }

  private record Pairs(
      GraphBuilder graph, DataType type, long zero, DataType weightType, long weightZero) {
    String pair(String name, String value) {
      String step = number(graph, name + ".step", 1 / 32.0);
      String point = point(name, type, zero);
      String quantized =
          graph.add("QuantizeLinear", name + ".q", Attributes.NONE, value, step, point);
      return graph.add("DequantizeLinear", name + ".d", Attributes.NONE, quantized, step, point);
    }

    private String point(String name, DataType of, long value, long... dims) {
      return graph.constant(name + ".zero", FilledTensor.of(TensorType.of(of, dims), value));
    }

    /** Weights with one scale per output channel. */
    String weights(String name, long axis, long... dims) {
      TensorType type = TensorType.of(weightType, dims);
      double low = weightType == DataType.UINT8 ? 0 : -128;
      RandomTensor values = new RandomTensor(type, name.hashCode(), low, low + 256);
      TensorType scales = TensorType.of(DataType.FLOAT, dims[(int) axis]);
      return graph.add(
          "DequantizeLinear",
          name + ".d",
          Attributes.of("axis", axis),
          graph.constant(name, values),
          graph.constant(name + ".scale", new RandomTensor(scales, 5, 0.0005, 0.002)),
          point(name, weightType, weightZero, dims[(int) axis]));
    }

    String convolution(String name, Attributes pads, String x, long in, long out, long window) {
      String w = weights(name + ".w", 0, out, in, window, window);
      String bias = QuantizedNetworksTest.weights(graph, name + ".b", out);
      return graph.add("Conv", name, pads, x, w, bias);
    }
  }

  /** With any zero points: three convolutions and a product. */
  @ParameterizedTest
  @CsvSource({
    "INT8, 0, INT8, 0",
    "UINT8, 113, INT8, 0",
    "INT8, -7, UINT8, 128",
    "UINT8, 0, INT8, 0",
    "UINT8, 128, UINT8, 120",
    "UINT8, 90, INT8, 3"
  })
  void allZeroPointsRunOnIntegers(DataType type, long zero, DataType weights, long weightZero) {
    Graph graph = pairs(type, zero, weights, weightZero);
    Map<String, Tensor> expected;
    try (Plan plan = backends.reference().prepare(graph, RunOptions.DEFAULT)) {
      expected = plan.run(inputs(graph));
    }
    for (Precision precision : List.of(Precision.FP32, Precision.INT8)) {
      try (Plan plan = backends.gpu().prepare(graph, RunOptions.DEFAULT.withPrecision(precision))) {
        assertThat(kernels(plan)).contains("fused graph int8 convolution=4");
        assertThat(Comparison.relativeL2(expected, plan.run(inputs(graph))))
            .isLessThan(precision == Precision.FP32 ? 5e-3 : Comparison.limit(precision));
      }
    }
  }

  private static String number(GraphBuilder graph, String name, double value) {
    return graph.constant(
        name, FilledTensor.of(new TensorType(DataType.FLOAT, Shape.SCALAR), value));
  }

  private static String integers(
      GraphBuilder graph, String name, DataType type, double most, long... dims) {
    return graph.constant(
        name, new RandomTensor(TensorType.of(type, dims), name.hashCode(), -most, most));
  }
}
