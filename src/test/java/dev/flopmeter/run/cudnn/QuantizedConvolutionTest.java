package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.Step;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Convolutions between QuantizeLinear and DequantizeLinear run as 8-bit integers. */
class QuantizedConvolutionTest {
  private static final double STEP = 1.0 / 64;

  @RegisterExtension static final BothBackends backends = new BothBackends();

  /**
   * Two quantised convolutions, with a normalisation and a rectifier in between; the result is a
   * float.
   */
  private static Graph network(long zero) {
    GraphBuilder graph = new GraphBuilder("quantised", 17);
    String image = graph.input("image", TensorType.of(DataType.FLOAT, 2, 8, 9, 9));
    String first = convolution(graph, "first", quantised(graph, "x", image, zero), 8, 12, true);
    String normal = normalised(graph, first, 12);
    String rectified = graph.add("Relu", "rectifier", Attributes.NONE, normal);
    String between = quantised(graph, "between", rectified, zero);
    return graph.build(List.of(convolution(graph, "second", between, 12, 8, false)));
  }

  private static String normalised(GraphBuilder graph, String x, int channels) {
    TensorType type = TensorType.of(DataType.FLOAT, channels);
    return graph.add(
        "BatchNormalization",
        "normalisation",
        Attributes.NONE,
        x,
        graph.constant("gamma", new RandomTensor(type, 7, 0.5, 1.5)),
        graph.constant("beta", new RandomTensor(type, 8, -0.5, 0.5)),
        graph.constant("mean", new RandomTensor(type, 9, -0.5, 0.5)),
        graph.constant("variance", new RandomTensor(type, 10, 0.5, 1.5)));
  }

  private static String number(GraphBuilder graph, String name, double value) {
    return graph.constant(name, FilledTensor.of(TensorType.of(DataType.FLOAT), value));
  }

  /** A value rounded to steps and back. */
  private static String quantised(GraphBuilder graph, String name, String value, long zero) {
    String step = number(graph, name + ".step", STEP);
    String point =
        graph.constant(name + ".zero", FilledTensor.of(TensorType.of(DataType.INT8), zero));
    String integers =
        graph.add("QuantizeLinear", name + ".quantise", Attributes.NONE, value, step, point);
    return graph.add("DequantizeLinear", name + ".back", Attributes.NONE, integers, step, point);
  }

  private static String convolution(
      GraphBuilder graph, String name, String x, int channels, int outputs, boolean isPadded) {
    TensorType type = TensorType.of(DataType.INT8, outputs, channels, 3, 3);
    String integers =
        graph.constant(name + ".integers", new RandomTensor(type, outputs, -127, 128));
    double[] steps = new double[outputs];
    for (int i = 0; i < outputs; i++) {
      steps[i] = (1 + i) / 4096.0;
    }
    String scale =
        graph.constant(
            name + ".scale", DenseTensor.ofDoubles(TensorType.of(DataType.FLOAT, outputs), steps));
    String weights =
        graph.add(
            "DequantizeLinear", name + ".weights", Attributes.of("axis", 0L), integers, scale);
    String bias =
        graph.constant(
            name + ".bias", new RandomTensor(TensorType.of(DataType.FLOAT, outputs), 5, -1, 1));
    long pad = isPadded ? 1 : 0;
    Attributes attributes = Attributes.of("pads", List.of(pad, pad, pad, pad));
    return graph.add("Conv", name, attributes, x, weights, bias);
  }

  private static Map<String, Tensor> inputs(Graph graph) {
    return Map.of("image", new RandomTensor(graph.requireType("image"), 3, -1, 1));
  }

  private static String kernels(Plan plan) {
    return plan.steps().stream()
        .map(Step::kernel)
        .filter(Objects::nonNull)
        .map(KernelInfo::algorithm)
        .collect(Collectors.joining(", "));
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "FP8")
  void integersAreComputedAsSuch(Precision precision) {
    Graph graph = network(0);
    Map<String, Tensor> expected;
    try (Plan plan = backends.reference().prepare(graph, RunOptions.DEFAULT)) {
      expected = plan.run(inputs(graph));
    }
    try (Plan plan = backends.gpu().prepare(graph, RunOptions.DEFAULT.withPrecision(precision))) {
      assertThat(kernels(plan))
          .containsOnlyOnce("ptx:quantize")
          .contains("fused graph int8 convolution engine")
          .doesNotContain(" graph convolution");
      assertThat(plan.notes()).hasSize(1).first().asString().contains("run in 8 bits");
      // The operands have 8 bits; one different rounding changes a result by one step.
      assertThat(Comparison.relativeL2(expected, plan.run(inputs(graph))))
          .isLessThan(precision == Precision.FP32 ? 1e-3 : 1e-2);
      // The steps list the nodes that they serve, none twice.
      assertThat(plan.steps().stream().flatMap(step -> step.nodes().stream()))
          .containsExactlyInAnyOrderElementsOf(
              graph.nodes().stream().map(node -> node.name()).toList());
    }
  }

  /** In this case the padding is not zero and must be written. */
  @Test
  void aNonZeroZeroPointFillsThePadding() {
    Graph graph = network(3);
    try (Plan plan = backends.gpu().prepare(graph, RunOptions.DEFAULT)) {
      assertThat(kernels(plan)).contains("ptx:fill", "int8");
    }
  }

  /** One grouped convolution of an image around {@code zero}, with weights around another zero. */
  private static Graph grouped(long channels, long groups, long zero, long weightZero) {
    GraphBuilder graph = new GraphBuilder("grouped", 17);
    String image = graph.input("image", TensorType.of(DataType.FLOAT, 2, channels, 9, 9));
    String x = quantised(graph, "x", image, zero);
    TensorType type = TensorType.of(DataType.INT8, 2 * channels, channels / groups, 3, 3);
    String integers = graph.constant("integers", new RandomTensor(type, 1, -127, 128));
    String point =
        graph.constant("point", FilledTensor.of(TensorType.of(DataType.INT8), weightZero));
    String weights =
        graph.add(
            "DequantizeLinear",
            "weights",
            Attributes.NONE,
            integers,
            number(graph, "scale", STEP),
            point);
    Attributes attributes = Attributes.of("pads", List.of(1L, 1L, 1L, 1L)).with("group", groups);
    return graph.build(List.of(graph.add("Conv", "grouped", attributes, x, weights)));
  }

  @ParameterizedTest
  @CsvSource({
    "8, 2, 0, 0, true",
    "12, 3, 3, 0, true",
    "12, 3, 0, 5, false", // corrected by sums, which would be one more channel per group
    "6, 3, 0, 0, false", // groups of 2 channels
    "8, 8, 3, 0, false" // depthwise
  })
  void groupsOfFoursOfChannelsAreComputedSo(
      long channels, long groups, long zero, long weightZero, boolean inIntegers) {
    Graph graph = grouped(channels, groups, zero, weightZero);
    Map<String, Tensor> expected;
    try (Plan plan = backends.reference().prepare(graph, RunOptions.DEFAULT)) {
      expected = plan.run(inputs(graph));
    }
    try (Plan plan = backends.gpu().prepare(graph, RunOptions.DEFAULT)) {
      assertThat(kernels(plan).contains("int8")).isEqualTo(inIntegers);
      assertThat(Comparison.relativeL2(expected, plan.run(inputs(graph)))).isLessThan(1e-5);
    }
  }

  @Test
  void withoutFusionTheOperatorsRunOneByOne() {
    Graph graph = network(0);
    try (Plan plan = backends.gpu().prepare(graph, RunOptions.DEFAULT.withFuse(false))) {
      assertThat(kernels(plan)).doesNotContain("int8");
      assertThat(plan.steps()).hasSizeGreaterThanOrEqualTo(graph.nodes().size());
    }
  }
}
