package dev.flopmeter.run.ort;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flopmeter.SharedData;
import dev.flopmeter.measure.RandomInputs;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.Step;
import dev.flopmeter.run.UnsupportedOperatorException;
import dev.flopmeter.run.djl.DjlBackend;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Networks run by ONNX Runtime. */
class OrtPlanTest {
  private static final Graph NETWORK = Zoo.get("mobilenet_v3_small").bind(Bindings.NONE);

  private static Backend at(OrtOptions.Level level) {
    return OrtBackend.open(new OrtOptions(level, Map.of()));
  }

  @ParameterizedTest
  @EnumSource(OrtOptions.Level.class)
  void everyProductIsInAStepAtEveryLevel(OrtOptions.Level level) {
    try (Backend backend = at(level);
        Plan plan = backend.prepare(NETWORK, RunOptions.DEFAULT)) {
      plan.load(RandomInputs.of(NETWORK, 1));
      plan.timePass();
      double[] seconds = plan.timeSteps();
      List<String> served = plan.steps().stream().flatMap(step -> step.nodes().stream()).toList();
      assertThat(served)
          .doesNotHaveDuplicates()
          .containsAll(
              NETWORK.nodes().stream()
                  .filter(node -> node.op().matches("Conv|Gemm"))
                  .map(node -> node.name())
                  .toList());
      assertThat(seconds).hasSameSizeAs(plan.steps());
      assertThat(Arrays.stream(seconds).sum()).isPositive();
      assertThat(plan.profiledRatio()).isPresent();
      assertThat(plan.memory().activations()).isPositive();
    }
  }

  /** ONNX Runtime does not escape names in its profile, so some profiles are not JSON. */
  @ParameterizedTest
  @ValueSource(
      strings = {"a \"quoted\" one", "back\\slash", "C:\\new \"\\\"", "two\nlines", "\"},\n"})
  void timesNodesWhateverTheirNames(String name) {
    GraphBuilder builder = new GraphBuilder("named", 20);
    builder.input("x", TensorType.of(DataType.FLOAT, 2, 64));
    builder.constant("w", RandomTensor.weights(TensorType.of(DataType.FLOAT, 64, 64), 1, 64));
    List<String> products = List.of(name + " 1", name + " 2", name + " 3");
    String last = "x";
    for (String product : products) {
      String result = "y" + product.length() + product.charAt(product.length() - 1);
      builder.add(
          "MatMul", product, Attributes.NONE, List.of(last, "w"), List.of(result), Map.of());
      last = result;
    }
    Graph graph = builder.build(List.of(last));
    try (Backend backend = at(OrtOptions.Level.ALL);
        Plan plan = backend.prepare(graph, RunOptions.DEFAULT)) {
      plan.load(RandomInputs.of(graph, 1));
      assertThat(plan.timeSteps()).hasSize(3);
      assertThat(plan.steps()).extracting(Step::name).containsExactlyElementsOf(products);
    }
  }

  @Test
  void computesWhatTheReferenceComputes() {
    Map<String, Tensor> inputs = RandomInputs.of(NETWORK, 1);
    try (Backend backend = at(OrtOptions.Level.ALL);
        Plan plan = backend.prepare(NETWORK, RunOptions.DEFAULT);
        Backend reference = DjlBackend.open();
        Plan expected = reference.prepare(NETWORK, RunOptions.DEFAULT)) {
      expected
          .run(inputs)
          .forEach(
              (name, tensor) ->
                  assertThat(plan.run(inputs).get(name).toFloats())
                      .containsExactly(tensor.toFloats(), within(1e-3f)));
    }
  }

  /**
   * Blocks have 8 or 16 channels, depending on the processor; without vector units there are none.
   */
  @Test
  void saysWhatPaddedChannelsCost() {
    GraphBuilder builder = new GraphBuilder("odd", 20);
    builder.input("x", TensorType.of(DataType.FLOAT, 2, 3, 8, 8));
    builder.constant("w", RandomTensor.weights(TensorType.of(DataType.FLOAT, 18, 3, 1, 1), 1, 3));
    builder.add("Conv", "y", Attributes.NONE, "x", "w");
    Graph graph = builder.build(List.of("y"));
    assertThat(padding(graph, OrtOptions.Level.ALL))
        .isIn(2L * 8 * 8 * 3 * (24 - 18), 2L * 8 * 8 * 3 * (32 - 18), null);
    assertThat(padding(graph, OrtOptions.Level.EXTENDED)).isNull();
  }

  private static @Nullable Long padding(Graph graph, OrtOptions.Level level) {
    try (Backend backend = at(level);
        Plan plan = backend.prepare(graph, RunOptions.DEFAULT)) {
      plan.load(RandomInputs.of(graph, 1));
      return plan.steps().stream()
          .filter(step -> step.nodes().contains("y"))
          .findFirst()
          .orElseThrow()
          .kernel()
          .paddingMacs();
    }
  }

  @Test
  void aFileRunsAsItIs() {
    Path file = SharedData.require("models/real/ultraface_rfb_320/model.onnx");
    Graph graph = OnnxModel.read(file).bind(Bindings.NONE);
    try (Backend backend = at(OrtOptions.Level.ALL)) {
      long asFile = normalisations(backend, graph, RunOptions.DEFAULT.withSource(file));
      long asGraph = normalisations(backend, graph, RunOptions.DEFAULT);
      // The weights are also inputs, so that ONNX Runtime must not fold them.
      assertThat(asFile).isGreaterThan(asGraph);
    }
  }

  /** ONNX Runtime saves an optimised model of this one that defines a value twice. */
  @Test
  void timesALoopWhoseOptimisedModelCannotBeRead() throws URISyntaxException {
    Path file = Path.of(OrtPlanTest.class.getResource("sequence-in-loop.onnx").toURI());
    Graph graph = OnnxModel.read(file).bind(Bindings.NONE.withShape("in0", Shape.of(2, 5, 8)));
    try (Backend backend = at(OrtOptions.Level.ALL);
        Plan plan = backend.prepare(graph, RunOptions.DEFAULT.withSource(file))) {
      plan.load(RandomInputs.of(graph, 1));
      assertThat(plan.timeSteps()).hasSameSizeAs(plan.steps());
      assertThat(plan.steps().stream().flatMap(step -> step.nodes().stream())).contains("/Loop");
    }
  }

  private static long normalisations(Backend backend, Graph graph, RunOptions run) {
    try (Plan plan = backend.prepare(graph, run)) {
      plan.load(RandomInputs.of(graph, 1));
      return plan.steps().stream()
          .map(Step::op)
          .filter(op -> op.startsWith("BatchNormalization"))
          .count();
    }
  }

  @Test
  void saysWhichOperatorItLacks() {
    GraphBuilder builder = new GraphBuilder("strange", 20);
    builder.input("x", TensorType.of(DataType.FLOAT, 2));
    builder.add("Celu", "known", Attributes.NONE, "x");
    Graph graph = builder.build(List.of("known"));
    Graph strange =
        new Graph(
            "strange",
            20,
            graph.inputs(),
            List.of("y"),
            List.of(
                new dev.flopmeter.model.Node(
                    "dance",
                    "",
                    "Dance",
                    20,
                    List.of("x"),
                    List.of("y"),
                    Attributes.NONE,
                    Map.of())),
            Map.of(),
            Map.of("x", TensorType.of(DataType.FLOAT, 2)),
            Map.of(),
            1);
    try (Backend backend = at(OrtOptions.Level.ALL)) {
      assertThatThrownBy(() -> backend.prepare(strange, RunOptions.DEFAULT))
          .isInstanceOf(UnsupportedOperatorException.class)
          .hasMessageContaining("Dance")
          .hasMessageContaining("'ort'");
      assertThatThrownBy(
              () -> backend.prepare(graph, RunOptions.DEFAULT.withPrecision(Precision.FP16)))
          .isInstanceOf(ModelException.class)
          .hasMessageContaining("precision of the model");
    }
  }

  @Test
  void optionsThatDoNotExistAreRefused() {
    for (List<String> wrong :
        List.of(
            List.of("arena=maybe"),
            List.of("intra_op_threads=0"),
            List.of("provider=abacus"),
            List.of("arnea=on"),
            List.of("arena"))) {
      assertThatThrownBy(() -> OrtOptions.of(OrtOptions.Level.ALL, wrong))
          .as(wrong.toString())
          .isInstanceOf(ModelException.class)
          .hasMessageContaining(wrong.get(0).replaceFirst("=.*", ""));
    }
    OrtOptions options =
        OrtOptions.of(
            OrtOptions.Level.BASIC,
            List.of("arena=off", "intra_op_threads=1", "session.intra_op.allow_spinning=0"));
    try (Backend backend = OrtBackend.open(options);
        Plan plan = backend.prepare(NETWORK, RunOptions.DEFAULT)) {
      assertThat(plan.notes())
          .containsExactly(
              "ONNX Runtime ran with arena=off, intra_op_threads=1, level=basic,"
                  + " session.intra_op.allow_spinning=0");
    }
  }
}
