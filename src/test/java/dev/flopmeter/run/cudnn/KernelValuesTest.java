package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.UnsupportedOperatorException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Our own kernels over the whole range of their operators. */
class KernelValuesTest {
  @RegisterExtension static final BothBackends backends = new BothBackends();

  private static Graph graph(String op, Attributes attributes, int outputs, Tensor... inputs) {
    GraphBuilder graph = new GraphBuilder("one", 24);
    List<String> names = new ArrayList<>();
    for (Tensor input : inputs) {
      names.add(graph.input("x" + names.size(), input.type()));
    }
    List<String> written = List.of("y", "keys", "values", "scores").subList(0, outputs);
    graph.add(op, "node", attributes, names, written, Map.of());
    return graph.build(written);
  }

  private static Tensor run(Backend backend, Graph graph, Tensor... inputs) {
    return outputs(backend, graph, inputs).get("y");
  }

  private static Map<String, Tensor> outputs(Backend backend, Graph graph, Tensor... inputs) {
    Map<String, Tensor> given = new LinkedHashMap<>();
    for (Tensor input : inputs) {
      given.put("x" + given.size(), input);
    }
    try (Plan plan = backend.prepare(graph, RunOptions.DEFAULT)) {
      return plan.run(given);
    }
  }

  private static Tensor onGpu(String op, Attributes attributes, Tensor... inputs) {
    return run(backends.gpu(), graph(op, attributes, 1, inputs), inputs);
  }

  private static Tensor ofNineAxes() {
    return Tensor.ofFloats(Shape.of(2, 1, 1, 1, 1, 1, 1, 1, 3), 1, 2, 3, 4, 5, 6);
  }

  @Test
  void picksSlicesOfMoreAxesThanAKernelHasLoops() {
    Tensor second = DenseTensor.ofLongs(Shape.of(1, 1), 1);
    assertThat(onGpu("GatherND", Attributes.NONE, ofNineAxes(), second).toDoubles())
        .containsExactly(4, 5, 6);
  }

  @Test
  void moreAxesThanAKernelHasLoopsAreNamed() {
    Tensor x = ofNineAxes();
    Tensor indices = DenseTensor.ofLongs(x.shape(), 0, 0, 0, 0, 0, 0);
    assertThatThrownBy(() -> onGpu("GatherElements", Attributes.NONE, x, indices))
        .isInstanceOf(UnsupportedOperatorException.class)
        .hasMessageContaining("a tensor of 9 axes, more than 8");
  }

  /** Parts after an unused one keep their positions. */
  @ParameterizedTest
  @CsvSource({"2 1 3, 4 5 6", "'', 5 6"})
  void splitsPastAPartThatIsLeftOut(String lengths, String last) {
    Tensor x = Tensor.ofFloats(Shape.of(6), 1, 2, 3, 4, 5, 6);
    GraphBuilder graph = new GraphBuilder("parts", 13);
    List<String> inputs = new ArrayList<>(List.of(graph.input("x0", x.type())));
    if (!lengths.isEmpty()) {
      long[] parts = Stream.of(lengths.split(" ")).mapToLong(Long::parseLong).toArray();
      inputs.add(graph.constant("lengths", DenseTensor.ofLongs(Shape.of(3), parts)));
    }
    graph.add("Split", "node", Attributes.NONE, inputs, List.of("first", "", "y"), Map.of());
    Graph split = graph.build(List.of("first", "y"));
    double[] expected = Stream.of(last.split(" ")).mapToDouble(Double::parseDouble).toArray();
    for (Backend backend : List.of(backends.reference(), backends.gpu())) {
      assertThat(run(backend, split, x).toDoubles()).containsExactly(expected);
    }
  }

  enum Function {
    Sinh(Math::sinh, 1e-5, 0.3, 1, 20, 88.9),
    Cosh(Math::cosh, 1e-5, 0.3, 1, 20, 88.9),
    Asin(Math::asin, 1e-5, 0.3, 0.5, 0.999, 1),
    Acos(Math::acos, 1e-5, 0.3, 0.5, 0.999),
    Atan(Math::atan, 1e-5, 0.3, 0.41, 0.42, 1, 2.41, 2.42, 1e9),
    Asinh(x -> Math.log(x + Math.sqrt(x * x + 1)), 0.3, 1, 50, 1e9, 1e30),
    Acosh(x -> Math.log(x + Math.sqrt(x * x - 1)), 1.001, 1.5, 50, 1e9, 1e30),
    Atanh(x -> 0.5 * Math.log((1 + x) / (1 - x)), 0.1, 0.3, 0.5, 0.999);

    private final DoubleUnaryOperator exact;
    private final double[] places;

    Function(DoubleUnaryOperator exact, double... places) {
      this.exact = exact;
      this.places = places;
    }
  }

  @ParameterizedTest
  @EnumSource
  void functionsHoldSixDigits(Function function) {
    float[] places = new float[function.places.length];
    for (int i = 0; i < places.length; i++) {
      places[i] = (float) function.places[i];
    }
    Tensor x = Tensor.ofFloats(Shape.of(places.length), places);
    double[] found = onGpu(function.name(), Attributes.NONE, x).toDoubles();
    for (int i = 0; i < places.length; i++) {
      double expected = function.exact.applyAsDouble(places[i]);
      assertThat(found[i])
          .as("%s(%s)", function, places[i])
          .isCloseTo(expected, Percentage.withPercentage(1e-4));
    }
  }

  /** Odd functions change their sign, and outside its domain a function is NaN. */
  @Test
  void functionsKnowSignAndDomain() {
    Tensor x = Tensor.ofFloats(Shape.of(3), -0.5f, 2, Float.NaN);
    assertThat(onGpu("Asin", Attributes.NONE, x).toFloats())
        .containsExactly(-0.5235988f, Float.NaN, Float.NaN);
    assertThat(onGpu("Atanh", Attributes.NONE, x).toFloats())
        .containsExactly(-0.54930615f, Float.NaN, Float.NaN);
    assertThat(onGpu("Acosh", Attributes.NONE, x).toFloats()[0]).isNaN();
    Tensor ends = Tensor.ofFloats(Shape.of(2), Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY);
    assertThat(onGpu("Atan", Attributes.NONE, ends).toFloats())
        .containsExactly(-1.5707964f, 1.5707964f);
    assertThat(onGpu("IsInf", Attributes.of("detect_negative", 0), ends).toLongs())
        .containsExactly(0, 1);
  }

  @ParameterizedTest
  @CsvSource({
    "UINT8, LEFT, 200, 1, 144",
    "UINT8, RIGHT, 200, 3, 25",
    "UINT8, LEFT, 1, 8, 0",
    "UINT32, LEFT, 4294967295, 4, 4294967280",
    "INT32, LEFT, 1, 31, -2147483648",
    "INT8, RIGHT, -128, 3, -16",
    "INT8, RIGHT, -128, 9, -1"
  })
  void shiftsDropWhatLeavesTheType(DataType type, String direction, long x, long by, long shifted) {
    Tensor value = DenseTensor.ofDoubles(TensorType.of(type, 1), x);
    Tensor places = DenseTensor.ofDoubles(TensorType.of(type, 1), by);
    Attributes attributes = Attributes.of("direction", direction);
    assertThat(onGpu("BitShift", attributes, value, places).toLongs()).containsExactly(shifted);
  }

  /** Later nodes read the number that the type holds, not the wider one on the device. */
  @Test
  void sumsOfEightBitsWrapAround() {
    GraphBuilder graph = new GraphBuilder("wrap", 18);
    TensorType bytes = TensorType.of(DataType.UINT8, 2);
    graph.input("x0", bytes);
    graph.input("x1", bytes);
    graph.add("Add", "sum", Attributes.NONE, "x0", "x1");
    graph.add("Sub", "less", Attributes.NONE, "sum", "x0");
    graph.add("Cast", "y", Attributes.of("to", 1L), "sum");
    Tensor a = DenseTensor.ofDoubles(bytes, 250, 3);
    Tensor b = DenseTensor.ofDoubles(bytes, 10, 4);
    assertThat(run(backends.gpu(), graph.build(List.of("y", "less")), a, b).toFloats())
        .containsExactly(4, 7);
  }

  /**
   * The device's integers are wider: only values read by a later node show that they wrap around.
   */
  @ParameterizedTest
  @CsvSource({"INT32, 4294967296", "UINT32, 4294967296"})
  void sumsAlongAnAxisAndCastsWrapAround(DataType type, long range) {
    long third = range / 3;
    TensorType four = TensorType.of(DataType.INT64, 4);
    Tensor x = DenseTensor.ofLongs(four, third + range, third, third, third);
    GraphBuilder graph = new GraphBuilder("wrap", 18);
    graph.input("x0", x.type());
    graph.constant("axis", Tensor.ofLong(0));
    graph.add("Cast", "narrow", Attributes.of("to", (long) type.code()), "x0");
    graph.add("ReduceSum", "sum", Attributes.of("keepdims", 0), "narrow");
    graph.add("CumSum", "sums", Attributes.NONE, "narrow", "axis");
    List<String> wide = new ArrayList<>();
    graph.add("ReduceProd", "product", Attributes.of("keepdims", 0), "narrow");
    for (String value : List.of("narrow", "sum", "sums", "product")) {
      wide.add(graph.add("Cast", value + "/wide", Attributes.of("to", 7L), value));
    }
    Map<String, Tensor> expected = outputs(backends.reference(), graph.build(wide), x);
    assertThat(expected.get("sums/wide").toLongs()[3])
        .isEqualTo(expected.get("sum/wide").longAt(0));
    assertThat(expected.get("sum/wide").longAt(0)).isNotEqualTo(4 * third);
    Map<String, Tensor> found = outputs(backends.gpu(), graph.build(wide), x);
    expected.forEach(
        (name, tensor) ->
            assertThat(found.get(name).toLongs()).as(name).containsExactly(tensor.toLongs()));
  }

  /** As in ONNX Runtime; quantised scores masked by infinity have such values. */
  @ParameterizedTest
  @CsvSource({"INT8, -128", "UINT8, 0", "INT16, -32768", "UINT16, 0"})
  void notANumberIsQuantisedToTheLowest(DataType type, long lowest) {
    Tensor[] inputs = {
      Tensor.ofFloats(Shape.of(2), Float.NaN, Float.NEGATIVE_INFINITY),
      Tensor.ofFloats(Shape.SCALAR, Float.POSITIVE_INFINITY),
      DenseTensor.ofDoubles(new TensorType(type, Shape.SCALAR), 3)
    };
    Graph graph = graph("QuantizeLinear", Attributes.NONE, 1, inputs);
    assertThat(run(backends.gpu(), graph, inputs).toLongs()).containsExactly(lowest, lowest);
    assertThat(run(backends.reference(), graph, inputs).toLongs()).containsExactly(lowest, lowest);
  }

  @Test
  void bitsAreThoseOfTheType() {
    Tensor a = DenseTensor.ofDoubles(TensorType.of(DataType.UINT8, 2), 0b1100, 255);
    Tensor b = DenseTensor.ofDoubles(TensorType.of(DataType.UINT8, 2), 0b1010, 1);
    assertThat(onGpu("BitwiseAnd", Attributes.NONE, a, b).toLongs()).containsExactly(0b1000, 1);
    assertThat(onGpu("BitwiseOr", Attributes.NONE, a, b).toLongs()).containsExactly(0b1110, 255);
    assertThat(onGpu("BitwiseXor", Attributes.NONE, a, b).toLongs()).containsExactly(0b0110, 254);
    assertThat(onGpu("BitwiseNot", Attributes.NONE, a).toLongs()).containsExactly(243, 0);
    Tensor signed = DenseTensor.ofDoubles(TensorType.of(DataType.INT8, 2), 5, -1);
    assertThat(onGpu("BitwiseNot", Attributes.NONE, signed).toLongs()).containsExactly(-6, 0);
  }

  @Test
  void remaindersByInfinityAreTheNumberItself() {
    Tensor a = Tensor.ofFloats(Shape.of(2), 3, -3);
    Tensor b = Tensor.ofFloats(Shape.of(2), Float.POSITIVE_INFINITY, Float.POSITIVE_INFINITY);
    assertThat(onGpu("Mod", Attributes.of("fmod", 1), a, b).toFloats()).containsExactly(3, -3);
  }

  private static Tensor random(long seed, long... dims) {
    Shape shape = Shape.of(dims);
    Random random = new Random(seed);
    double[] values = DoubleStream.generate(random::nextGaussian).limit(shape.elements()).toArray();
    return DenseTensor.ofDoubles(new TensorType(DataType.FLOAT, shape), values);
  }

  private static void agree(String op, Attributes attributes, int outputs, Tensor... inputs) {
    Graph graph = graph(op, attributes, outputs, inputs);
    Map<String, Tensor> expected = Map.of("y", run(backends.reference(), graph, inputs));
    Map<String, Tensor> found = Map.of("y", run(backends.gpu(), graph, inputs));
    assertThat(Comparison.relativeL2(expected, found)).isLessThan(1e-5);
  }

  @ParameterizedTest
  @CsvSource({
    "avg, 0, half_pixel",
    "avg, 2, output_half_pixel",
    "max, 3, half_pixel",
    "max, 0, half_pixel"
  })
  void boxesArePooledAsOnTheCpu(String mode, int samples, String transformation) {
    float[] corners = {0, 0, 7, 5, -3, 2, 30, 9, 4, 4, 4.2f, 4.1f, 1, 1, 12, 11};
    Attributes attributes =
        Attributes.of("mode", mode)
            .with("sampling_ratio", (long) samples)
            .with("coordinate_transformation_mode", transformation)
            .with("output_height", 3L)
            .with("output_width", 2L)
            .with("spatial_scale", 0.75f);
    Tensor images = Tensor.ofLongs(0, 1, 1, 0);
    agree(
        "RoiAlign",
        attributes,
        1,
        random(1, 2, 3, 9, 11),
        Tensor.ofFloats(Shape.of(4, 4), corners),
        images);
  }

  /** Also if lengths differ, and if a query sees no key: its result is 0. */
  @ParameterizedTest
  @CsvSource({"-1, -1, 1", "2, -1, 1", "2, 1, 0", "0, 0, 0", "-1, 3, 0"})
  void queriesSeeAWindowOfTheKeys(long left, long right, long causal) {
    Attributes attributes =
        Attributes.of("is_causal", causal)
            .with("left_window_size", left)
            .with("right_window_size", right);
    Tensor mask = DenseTensor.ofDoubles(TensorType.of(DataType.BOOL, 1, 7), 0, 1, 1, 1, 0, 1, 1);
    Tensor queries = random(2, 2, 4, 5, 8);
    agree("Attention", attributes, 1, queries, random(3, 2, 2, 7, 8), random(4, 2, 2, 7, 6), mask);
  }

  @Test
  void aQueryThatSeesNoKeyGivesZeros() {
    Tensor hidden = DenseTensor.ofDoubles(TensorType.of(DataType.BOOL, 2, 3), 1, 1, 0, 0, 0, 0);
    Tensor keys = random(6, 1, 1, 3, 4);
    Tensor y = onGpu("Attention", Attributes.NONE, random(5, 1, 1, 2, 4), keys, keys, hidden);
    assertThat(y.toFloats()).endsWith(0, 0, 0, 0).doesNotContain(Float.NaN);
  }
}
