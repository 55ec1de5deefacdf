package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Layout;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Networks in all precisions and layouts, fused and unfused, on the emulated GPU, compared with
 * PyTorch.
 */
class VariantsTest {
  private static final Path MODELS = Path.of("../shared/models");

  // Inputs of BatchNormalization
  private static final int SCALE = 1;
  private static final int VARIANCE = 4;

  @RegisterExtension static final BothBackends backends = new BothBackends();

  @BeforeAll
  static void requireNetworks() {
    assumeTrue(Files.isDirectory(MODELS), "no networks at " + MODELS);
  }

  @ParameterizedTest
  @ValueSource(strings = {"resnet50_first_block", "cct_2_32", "micro_kws", "tinybert"})
  void smallNetworksAgreeWithPyTorchInEveryVariant(String name) {
    checkAll(bound(MODELS.resolve("real/" + name + "/model.onnx")));
  }

  @ParameterizedTest
  @Tag("emulated-full")
  @MethodSource("files")
  void publishedNetworksAgreeWithPyTorchInEveryVariant(Path file) {
    checkAll(withRandomWeights(bound(file)));
  }

  /** A batch of one, and a text of a few tokens if the network reads text. */
  private static Graph bound(Path file) {
    boolean readsText = file.toString().contains("tinybert");
    return OnnxModel.read(file)
        .bind(readsText ? Bindings.ofBatch(1).withDim("sequence", 9) : Bindings.ofBatch(1));
  }

  /**
   * Replaces weights that are one repeated value, as in the light networks, by random ones:
   * otherwise sums exceed fp16, and a swapped channel would not show.
   */
  private static Graph withRandomWeights(Graph graph) {
    Map<String, Tensor> constants = new LinkedHashMap<>(graph.constants());
    for (Node node : graph.nodes()) {
      for (int i = 1; i < node.inputs().size(); i++) {
        String name = node.inputs().get(i);
        if (constants.get(name) instanceof FilledTensor filled
            && filled.type().type() == DataType.FLOAT
            && filled.elements() > 1) {
          constants.put(name, random(node.op(), i, filled.type(), name.hashCode()));
        }
      }
    }
    return new Graph(
        graph.name(),
        graph.opset(),
        graph.inputs(),
        graph.outputs(),
        graph.nodes(),
        constants,
        graph.types(),
        graph.origins(),
        graph.batch());
  }

  private static Tensor random(String op, int input, TensorType type, long seed) {
    boolean isNorm = op.equals("BatchNormalization");
    if (isNorm && input == SCALE) {
      // Below 1, so that sums stay within fp16 over a hundred layers and no softmax saturates.
      return new RandomTensor(type, seed, 0.5, 0.9);
    }
    if (isNorm && input == VARIANCE) {
      return new RandomTensor(type, seed, 0.9, 1.1);
    }
    if (type.shape().rank() < 2) {
      return new RandomTensor(type, seed, -0.1, 0.1);
    }
    return RandomTensor.weights(type, seed, type.shape().elements() / type.shape().dim(0));
  }

  static Stream<Path> files() throws java.io.IOException {
    try (Stream<Path> light = Files.list(MODELS.resolve("light"));
        Stream<Path> real = Files.list(MODELS.resolve("real"))) {
      return Stream.concat(
              light.filter(file -> file.toString().endsWith(".onnx")).toList().stream(),
              real.map(folder -> folder.resolve("model.onnx")).toList().stream())
          .sorted();
    }
  }

  @ParameterizedTest
  @Tag("emulated-full")
  @ValueSource(strings = {"resnet18", "resnet50"})
  void builtInNetworksAgreeWithPyTorchInEveryVariant(String name) {
    checkAll(Zoo.get(name).bind(Bindings.ofBatch(1)));
  }

  private static void checkAll(Graph graph) {
    Map<String, Tensor> inputs = inputs(graph);
    Map<String, Tensor> expected;
    try (Plan plan = backends.reference().prepare(graph, RunOptions.DEFAULT)) {
      expected = plan.run(inputs);
    }
    List<String> figures = new ArrayList<>();
    for (Precision precision : Comparison.OF_FLOATS) {
      for (Layout layout : Layout.values()) {
        for (boolean fuse : new boolean[] {true, false}) {
          RunOptions options =
              RunOptions.DEFAULT.withPrecision(precision).withLayout(layout).withFuse(fuse);
          try (Plan plan = backends.gpu().prepare(graph, options)) {
            double error = Comparison.relativeL2(expected, plan.run(inputs));
            String variant = precision.label() + " " + layout.label() + (fuse ? " fused" : "");
            figures.add(variant + " " + error);
            assertThat(error)
                .as(graph.name() + " " + variant)
                .isLessThan(Comparison.limit(precision));
          }
        }
      }
    }
    System.out.println(graph.name() + ": " + figures.size() + " comparisons: " + figures);
  }

  private static Map<String, Tensor> inputs(Graph graph) {
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    for (String input : graph.inputs()) {
      TensorType type = graph.requireType(input);
      inputs.put(
          input,
          type.type() == DataType.FLOAT
              ? new RandomTensor(type, 7, -1, 1)
              : new RandomTensor(type, 7, 0, 2));
    }
    return inputs;
  }
}
