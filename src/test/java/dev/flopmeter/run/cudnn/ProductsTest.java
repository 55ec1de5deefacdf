package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.Step;
import dev.flopmeter.run.UnsupportedOperatorException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Products of two computed matrices: those that cuDNN's graph API runs, and that they are right.
 */
class ProductsTest {
  @RegisterExtension static final BothBackends backends = new BothBackends();

  private static Graph product(long[] a, long[] b) {
    GraphBuilder graph = new GraphBuilder("product", 17);
    graph.input("a", TensorType.of(DataType.FLOAT, a));
    graph.input("b", TensorType.of(DataType.FLOAT, b));
    return graph.build(List.of(graph.add("MatMul", "product", Attributes.NONE, "a", "b")));
  }

  private static Map<String, Tensor> inputs(Graph graph) {
    return Map.of(
        "a", new RandomTensor(graph.requireType("a"), 3, -1, 1),
        "b", new RandomTensor(graph.requireType("b"), 4, -1, 1));
  }

  private static long[] dims(String text) {
    return java.util.Arrays.stream(text.split("x")).mapToLong(Long::parseLong).toArray();
  }

  @ParameterizedTest
  @CsvSource({
    "9x5, 5x7, graph matmul",
    "2x9x5, 2x5x7, graph matmul",
    "2x9x5, 5x7, graph matmul",
    "2x3x9x5, 2x3x5x7, graph matmul",
    "2x3x9x5, 2x1x5x7, graph matmul",
    "3x9x5, 2x1x5x7, graph matmul",
    "2x1x2x9x5, 1x3x1x5x7, graph matmul", // three batch axes: six launches
    "9x1x9x9x5, 1x9x9x5x7, ptx:matmul", // so many launches cost more than they save
  })
  void cudnnRunsWhatItsTensorsCanTell(String a, String b, String kernel) {
    Graph graph = product(dims(a), dims(b));
    Map<String, Tensor> inputs = inputs(graph);
    Map<String, Tensor> expected;
    try (Plan plan = backends.reference().prepare(graph, RunOptions.DEFAULT)) {
      expected = plan.run(inputs);
    }
    for (Precision precision : Comparison.OF_FLOATS) {
      try (Plan plan = backends.gpu().prepare(graph, RunOptions.DEFAULT.withPrecision(precision))) {
        // Planned without a device, cuDNN has no exact product: its engine 0 needs a handle.
        boolean isPlanned = precision != Precision.FP32 || !EmulatedGpu.isJudged();
        assertThat(plan.steps())
            .extracting(ProductsTest::algorithm)
            .anyMatch(name -> name.startsWith(isPlanned ? kernel : "ptx:matmul"));
        assertThat(Comparison.relativeL2(expected, plan.run(inputs)))
            .as(precision.label())
            .isLessThan(Comparison.limit(precision));
        // The same again, from the captured graph.
        assertThat(Comparison.relativeL2(expected, plan.run(inputs)))
            .isLessThan(Comparison.limit(precision));
      }
    }
  }

  private static String algorithm(Step step) {
    return String.valueOf(step.kernel().algorithm());
  }

  @Test
  void trainingIsNamed() {
    GraphBuilder builder = new GraphBuilder("training", 13);
    builder.input("a", TensorType.of(DataType.FLOAT, 4));
    builder.constant("rate", DenseTensor.ofFloats(Shape.of(), 0.5f));
    builder.constant("on", DenseTensor.ofLongs(TensorType.of(DataType.BOOL), 1));
    Graph graph =
        builder.build(List.of(builder.add("Dropout", "drop", Attributes.NONE, "a", "rate", "on")));
    assertThatThrownBy(() -> backends.gpu().prepare(graph, RunOptions.DEFAULT))
        .isInstanceOf(UnsupportedOperatorException.class)
        .hasMessageContaining("in training mode it draws random numbers");
  }
}
