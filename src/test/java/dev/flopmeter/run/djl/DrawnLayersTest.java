package dev.flopmeter.run.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flopmeter.measure.RandomInputs;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.ort.OrtBackend;
import dev.flopmeter.run.ort.OrtOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random layers for which PyTorch has a dedicated function return ONNX Runtime's results. {@code
 * -Dsweep.cases=N} draws N of each.
 */
class DrawnLayersTest {
  private static final int CASES = 5 * Integer.getInteger("sweep.cases", 4);

  private static DjlBackend torch;
  private static OrtBackend judge;

  @BeforeAll
  static void open() {
    torch = DjlBackend.open();
    judge = OrtBackend.open(OrtOptions.DEFAULT);
  }

  @AfterAll
  static void close() {
    torch.close();
    judge.close();
  }

  static Stream<Arguments> layers() {
    return Stream.<BiFunction<Random, GraphBuilder, Node>>of(
            DrawnLayersTest::transposed,
            (random, graph) -> pool("AveragePool", random, graph),
            (random, graph) -> pool("MaxPool", random, graph),
            DrawnLayersTest::resized,
            DrawnLayersTest::lstm)
        .flatMap(
            layer -> IntStream.range(0, CASES).mapToObj(seed -> drawn(layer, new Random(seed))));
  }

  private static Arguments drawn(BiFunction<Random, GraphBuilder, Node> layer, Random random) {
    GraphBuilder builder = new GraphBuilder("layer", 19);
    Node node = layer.apply(random, builder);
    builder.add(node);
    Graph graph = builder.build(node.outputs());
    String name = node.op() + " " + graph.type("x").orElseThrow().shape() + " " + node.attributes();
    return Arguments.of(name, graph);
  }

  private static Node node(String op, Attributes attributes, int outputs, String... inputs) {
    List<String> names = IntStream.range(0, outputs).mapToObj(i -> "y" + i).toList();
    return new Node("n", "", op, 19, List.of(inputs), names, attributes, Map.of());
  }

  private static long[] drawn(Random random, int count, int from, int to) {
    return random.longs(count, from, to + 1L).toArray();
  }

  /** The same before and after each axis, or random values for each. */
  private static long[] pads(Random random, int axes, int most) {
    long[] before = drawn(random, axes, 0, most);
    long[] behind = random.nextBoolean() ? before : drawn(random, axes, 0, most);
    return Stream.of(before, behind).flatMapToLong(Arrays::stream).toArray();
  }

  private static TensorType image(Random random, int axes, long channels) {
    long[] dims = drawn(random, axes + 2, 5, 9);
    dims[0] = 1 + random.nextInt(2);
    dims[1] = channels;
    return TensorType.of(DataType.FLOAT, dims);
  }

  private static Tensor weights(Random random, long... dims) {
    Shape shape = Shape.of(dims);
    float[] values = new float[Math.toIntExact(shape.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat() - 0.5f;
    }
    return Tensor.ofFloats(shape, values);
  }

  private static Node transposed(Random random, GraphBuilder graph) {
    int axes = 1 + random.nextInt(2);
    long group = 1 + random.nextInt(2);
    graph.input("x", image(random, axes, 8));
    long[] kernel = drawn(random, axes, 1, 4);
    long[] strides = drawn(random, axes, 1, 3);
    long[] dims = Stream.of(new long[] {8, 3}, kernel).flatMapToLong(Arrays::stream).toArray();
    String w = graph.constant("w", weights(random, dims));
    String bias = random.nextBoolean() ? graph.constant("b", weights(random, 3 * group)) : "";
    long[] added =
        IntStream.range(0, axes).mapToLong(i -> random.nextInt((int) strides[i])).toArray();
    Attributes attributes =
        Attributes.of("kernel_shape", kernel)
            .with("strides", strides)
            .with("group", group)
            .with("pads", pads(random, axes, 1))
            .with("output_padding", added);
    return node("ConvTranspose", attributes, 1, "x", w, bias);
  }

  private static Node pool(String op, Random random, GraphBuilder graph) {
    int axes = 1 + random.nextInt(3);
    graph.input("x", image(random, axes, 4 + 4L * random.nextInt(2)));
    Attributes attributes =
        Attributes.of("kernel_shape", drawn(random, axes, 2, 4))
            .with("strides", drawn(random, axes, 1, 3))
            .with("ceil_mode", random.nextInt(2));
    attributes =
        random.nextInt(3) == 0
            ? attributes.with("auto_pad", random.nextBoolean() ? "SAME_UPPER" : "SAME_LOWER")
            : attributes.with("pads", pads(random, axes, 1));
    return node(
        op,
        op.equals("AveragePool")
            ? attributes.with("count_include_pad", random.nextInt(2))
            : attributes,
        1,
        "x");
  }

  private static Node resized(Random random, GraphBuilder graph) {
    int axes = 1 + random.nextInt(3);
    TensorType type = image(random, axes, 4 + 4L * random.nextInt(2));
    graph.input("x", type);
    long[] sizes = type.shape().dims();
    for (int axis = 2; axis < sizes.length; axis++) {
      sizes[axis] =
          random.nextBoolean() ? sizes[axis] * (1 + random.nextInt(3)) : 2 + random.nextInt(14);
    }
    String mode = random.nextInt(3) > 0 ? "nearest" : "linear";
    List<String> maps = List.of("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel");
    List<String> rules = List.of("round_prefer_floor", "round_prefer_ceil", "floor", "ceil");
    Attributes attributes =
        Attributes.of("mode", mode)
            .with("coordinate_transformation_mode", maps.get(random.nextInt(maps.size())))
            .with("nearest_mode", rules.get(random.nextInt(rules.size())));
    return node("Resize", attributes, 1, "x", "", "", graph.constant("s", Tensor.ofLongs(sizes)));
  }

  private static Node lstm(Random random, GraphBuilder graph) {
    long directions = 1 + random.nextInt(2);
    long batch = 1 + random.nextInt(3);
    long hidden = 1 + random.nextInt(5);
    graph.input("x", TensorType.of(DataType.FLOAT, 1 + random.nextInt(5), batch, 3));
    List<String> inputs = new ArrayList<>(List.of("x"));
    inputs.add(graph.constant("w", weights(random, directions, 4 * hidden, 3)));
    inputs.add(graph.constant("r", weights(random, directions, 4 * hidden, hidden)));
    inputs.add(
        random.nextBoolean() ? graph.constant("b", weights(random, directions, 8 * hidden)) : "");
    if (random.nextBoolean()) {
      inputs.add("");
      inputs.add(graph.constant("h", weights(random, directions, batch, hidden)));
      inputs.add(graph.constant("c", weights(random, directions, batch, hidden)));
    }
    String one = random.nextBoolean() ? "forward" : "reverse";
    Attributes attributes =
        Attributes.of("hidden_size", hidden)
            .with("direction", directions == 2 ? "bidirectional" : one);
    return node("LSTM", attributes, 3, inputs.toArray(String[]::new));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("layers")
  void givesWhatOnnxRuntimeGives(String name, Graph graph) {
    Map<String, Tensor> inputs = RandomInputs.of(graph, 1);
    Map<String, Tensor> expected = run(judge, graph, inputs, RunOptions.DEFAULT);
    for (boolean fuse : new boolean[] {true, false}) {
      Map<String, Tensor> found = run(torch, graph, inputs, RunOptions.DEFAULT.withFuse(fuse));
      for (String output : graph.outputs()) {
        assertThat(found.get(output).shape()).isEqualTo(expected.get(output).shape());
        assertThat(found.get(output).toFloats())
            .containsExactly(expected.get(output).toFloats(), within(1e-4f));
      }
    }
  }

  private static Map<String, Tensor> run(
      Backend backend, Graph graph, Map<String, Tensor> inputs, RunOptions options) {
    try (Plan plan = backend.prepare(graph, options)) {
      return plan.run(inputs);
    }
  }
}
