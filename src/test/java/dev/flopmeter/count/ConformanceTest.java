package dev.flopmeter.count;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.SharedData;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.ValueInfo;
import dev.flopmeter.model.onnx.OnnxModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The ONNX project's own cases: each binds, its inferred output types are those of the expected
 * outputs, and every operator is counted or is a documented zero. {@code -Dconformance.cases=DIR}
 * adds more: ONNX's {@code backend-test-tools generate-data -o DIR} writes all of them.
 */
class ConformanceTest {

  static Stream<Path> cases() {
    List<Path> models = new ArrayList<>(SharedData.models("onnx-node-tests"));
    models.addAll(SharedData.models("onnx-pytorch-tests"));
    String more = System.getProperty("conformance.cases");
    if (more != null) {
      models.addAll(SharedData.modelsIn(Path.of(more)));
    }
    return models.stream();
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("cases")
  void bindsAndCounts(Path file) {
    OnnxModel model = OnnxModel.read(file);
    Path data = file.resolveSibling("test_data_set_0");
    Graph graph = model.bind(bindings(model, data));

    for (int i = 0; i < model.graph().outputs().size(); i++) {
      Path expected = data.resolve("output_" + i + ".pb");
      if (!Files.exists(expected)) {
        continue;
      }
      Optional<TensorType> inferred = graph.type(graph.outputs().get(i));
      TensorType actual = OnnxModel.readTensor(expected).type();
      assertThat(inferred.map(TensorType::toString).orElse("depends on data"))
          .as("output " + i)
          .isIn(actual.toString(), "depends on data");
      if (inferred.isEmpty()) {
        assertThat(graph.nodes())
            .as("operators whose shapes depend on data")
            .anyMatch(node -> DATA_DEPENDENT.contains(node.op()));
      }
    }
    Counts counts = new Counter(CostRules.standard(), OwnConvention.FLOPS).count(model, graph);
    assertThat(counts.uncounted())
        .as("operators of other domains may lack a rule; ONNX's own may not")
        .allMatch(missing -> missing.op().contains(":") || isInBodyOverSequence(missing));
  }

  /** Elements of a sequence have no declared shape. */
  private static boolean isInBodyOverSequence(Uncounted missing) {
    return missing.reason().equals("its shapes depend on data")
        && missing.nodes().stream().allMatch(node -> node.matches("(SequenceMap|Loop)_.*/.*"));
  }

  private static final List<String> DATA_DEPENDENT =
      List.of(
          "NonZero",
          "If",
          "Loop",
          "Compress",
          "Unique",
          "NonMaxSuppression",
          "StringSplit",
          "SequenceAt",
          "SequenceLength",
          "OptionalGetElement",
          "OptionalHasElement",
          "ConcatFromSequence");

  private static Bindings bindings(OnnxModel model, Path data) {
    Bindings bindings = Bindings.NONE;
    int i = 0;
    for (ValueInfo input : model.inputs()) {
      Path file = data.resolve("input_" + i++ + ".pb");
      if (!Files.exists(file) || input.type() == null) {
        continue;
      }
      Tensor tensor = OnnxModel.readTensor(file);
      boolean isArgument = tensor.shape().rank() <= 1 && tensor.elements() <= 16;
      Shape shape = tensor.shape();
      bindings =
          isArgument
              ? bindings.withValue(input.name(), tensor)
              : bindings.withShape(input.name(), shape);
    }
    return bindings;
  }
}
