package dev.flopmeter.run.djl.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.djl.DjlBackend;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How values change their shape. */
class LayoutKernelsTest {
  private static final String RESTRIDED = "  result = result.as_strided(dims, strides)";

  /** Tokens x (4 x 2) as images of two channels, 2 x 2, whose maximum is taken. */
  private static Graph tokensAsImages(long images, boolean areTurned) {
    GraphBuilder graph = new GraphBuilder("tokens", 18);
    graph.input("x", TensorType.of(DataType.FLOAT, images, 4, 2));
    String value = "x";
    if (areTurned) {
      graph.add("Transpose", "turned", Attributes.of("perm", new long[] {0, 2, 1}), value);
      value = "turned";
    }
    graph.constant("shape", Tensor.ofLongs(images, 2, 2, 2));
    graph.add("Reshape", "image", Attributes.NONE, value, "shape");
    Attributes window = Attributes.of("kernel_shape", new long[] {2, 2});
    graph.add("MaxPool", "y", window, "image");
    return graph.build(List.of("y"));
  }

  private static List<String> reshape(Graph graph) {
    return graph.nodes().stream()
        .filter(node -> node.op().equals("Reshape"))
        .findFirst()
        .map(node -> Kernels.of(Operands.of(graph, node)).body())
        .orElseThrow();
  }

  @Test
  void oneImageOfTokensGetsTheStridesByWhichPyTorchKnowsChannelsLast() {
    assertThat(reshape(tokensAsImages(1, true)))
        .containsSequence("if result.is_contiguous(memory_format=2):", RESTRIDED)
        .contains("strides = [8, 1, 4, 2]");
    assertThat(reshape(tokensAsImages(2, true))).doesNotContain(RESTRIDED);
  }

  private static List<String> kernelOf(
      String op, TensorType x, Attributes attributes, Tensor... y) {
    GraphBuilder graph = new GraphBuilder("one", 18);
    graph.input("x", x);
    List<String> inputs = new ArrayList<>(List.of("x"));
    for (Tensor constant : y) {
      inputs.add(graph.constant("c" + inputs.size(), constant));
    }
    graph.add(op, "y", attributes, inputs.toArray(String[]::new));
    Graph built = graph.build(List.of("y"));
    return Kernels.of(Operands.of(built, built.nodes().get(0))).body();
  }

  @Test
  void imagesOfManyChannelsArePooledWithChannelsLast() {
    Attributes window = Attributes.of("kernel_shape", new long[] {2, 2});
    String turned = "x0 = torch.contiguous(x0, memory_format=2)";
    TensorType many = TensorType.of(DataType.FLOAT, 1, 8, 4, 4);
    TensorType few = TensorType.of(DataType.FLOAT, 1, 3, 4, 4);
    assertThat(kernelOf("MaxPool", many, window)).startsWith(turned);
    assertThat(kernelOf("AveragePool", many, window)).startsWith(turned);
    assertThat(kernelOf("MaxPool", few, window)).doesNotContain(turned);
  }

  /** An incomplete last window, or padding only after an axis, copies nothing. */
  @Test
  void imagesArePooledWithoutACopy() {
    TensorType image = TensorType.of(DataType.FLOAT, 1, 3, 8, 8);
    Attributes window =
        Attributes.of("kernel_shape", new long[] {3, 3}).with("strides", new long[] {2, 2});
    for (Attributes form :
        List.of(window.with("ceil_mode", 1), window.with("auto_pad", "SAME_UPPER"))) {
      assertThat(kernelOf("AveragePool", image, form))
          .contains("t0 = torch.avg_pool2d(x0, [3, 3], [2, 2], [0, 0], True, False)");
      assertThat(kernelOf("MaxPool", image, form))
          .contains("t0 = torch.max_pool2d(x0, [3, 3], [2, 2], [0, 0], [1, 1], True)");
    }
  }

  @Test
  void transposedConvolutionsPadAndAddTheBiasThemselves() {
    TensorType image = TensorType.of(DataType.FLOAT, 1, 2, 5, 5);
    Tensor filters = Tensor.ofFloats(Shape.of(2, 1, 2, 2), new float[8]);
    Attributes halved =
        Attributes.of("strides", new long[] {2, 2})
            .with("pads", new long[] {1, 1, 1, 1})
            .with("output_padding", new long[] {1, 1});
    assertThat(kernelOf("ConvTranspose", image, halved, filters, Tensor.ofFloats(Shape.of(1), 1f)))
        .contains(
            "t0 = torch.convolution(x0, x1, x2, [2, 2], [1, 1], [1, 1], True, [1, 1], 1)",
            "return t0");
  }

  @Test
  void sizesThatAreFedAreNotNeededWhereTheResultIsDeclared() {
    Map<String, TensorType> types =
        Map.of(
            "x", TensorType.of(DataType.FLOAT, 1, 1, 2, 2),
            "sizes", TensorType.of(DataType.INT64, 4),
            "y", TensorType.of(DataType.FLOAT, 1, 1, 4, 6));
    List<String> inputs = List.of("x", "", "", "sizes");
    Node node = new Node("n", "", "Resize", 19, inputs, List.of("y"), Attributes.NONE, Map.of());
    Kernel kernel = Kernels.of(new Operands(node, types::get, value -> null));
    assertThat(kernel.body()).contains("t0 = torch.upsample_nearest2d(x0, [4, 6], None)");
  }

  @Test
  void anExponentThatIsKnownIsANumber() {
    TensorType rows = TensorType.of(DataType.FLOAT, 2, 3);
    Tensor two = Tensor.ofFloats(Shape.of(1), 2f);
    assertThat(kernelOf("Pow", rows, Attributes.NONE, two)).contains("t0 = torch.pow(x0, 2.0)");
    // Its result has one axis more than the base.
    Tensor wide = Tensor.ofFloats(Shape.of(1, 1, 1), 2f);
    assertThat(kernelOf("Pow", rows, Attributes.NONE, wide)).contains("t0 = torch.pow(x0, x1)");
  }

  @Test
  void elementsKeepTheirPositionsInEveryLayout() {
    // Token t has the channels t and 10 t.
    double[] tokens = {0, 0, 1, 10, 2, 20, 3, 30};
    assertThat(maxima(tokensAsImages(1, true), tokens)).containsExactly(3, 30);
    // Without the transposition the first half is the first channel.
    assertThat(maxima(tokensAsImages(1, false), tokens)).containsExactly(10, 30);
  }

  private static double[] maxima(Graph graph, double[] tokens) {
    TensorType type = graph.type("x").orElseThrow();
    try (DjlBackend backend = DjlBackend.open();
        Plan plan = backend.prepare(graph, RunOptions.DEFAULT)) {
      Tensor y = plan.run(Map.of("x", DenseTensor.ofDoubles(type, tokens))).get("y");
      return IntStream.range(0, 2).mapToDouble(y::doubleAt).toArray();
    }
  }
}
