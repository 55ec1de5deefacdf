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
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.djl.DjlBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A convolution, a transposed one and a product of computed matrices: each is searched once, noted
 * on disk, and taken from there by the next start.
 */
class AlgorithmSearchTest {
  private static final int PROBLEMS = 3;

  @RegisterExtension static final EmulatedGpu emulated = new EmulatedGpu();

  private static Graph graph;
  private static Map<String, Tensor> inputs;
  private static Map<String, Tensor> expected;

  @TempDir Path cache;

  @BeforeAll
  static void computeExpected() {
    graph = graph();
    inputs =
        Map.of(
            "x", new RandomTensor(graph.requireType("x"), 5, -1, 1),
            "m", new RandomTensor(graph.requireType("m"), 6, -1, 1));
    try (DjlBackend reference = DjlBackend.open();
        Plan plan = reference.prepare(graph, RunOptions.DEFAULT)) {
      expected = plan.run(inputs);
    }
  }

  private static Graph graph() {
    GraphBuilder builder = new GraphBuilder("searched", 17);
    builder.input("x", TensorType.of(DataType.FLOAT, 1, 6, 9, 9));
    builder.input("m", TensorType.of(DataType.FLOAT, 1, 5, 17, 8));
    builder.constant(
        "w", RandomTensor.weights(TensorType.of(DataType.FLOAT, 8, 6, 3, 3), 1, 6 * 9));
    builder.constant(
        "t", RandomTensor.weights(TensorType.of(DataType.FLOAT, 8, 5, 3, 3), 2, 8 * 9));
    Attributes padded = Attributes.of("pads", new long[] {1, 1, 1, 1});
    String image = builder.add("Conv", "convolution", padded, "x", "w");
    Attributes doubled =
        Attributes.of("pads", new long[] {1, 1, 1, 1}, "strides", new long[] {2, 2});
    String wider = builder.add("ConvTranspose", "transposed", doubled, image, "t");
    return builder.build(List.of(builder.add("MatMul", "product", Attributes.NONE, wider, "m")));
  }

  /** One start: what runs each step, after checking that the result is right. */
  private List<String> start(Precision precision, int searches) {
    try (CudnnBackend gpu = EmulatedGpu.open(cache);
        Plan plan = gpu.prepare(graph, RunOptions.DEFAULT.withPrecision(precision))) {
      assertThat(gpu.searches()).as("searches").isEqualTo(searches);
      assertThat(Comparison.relativeL2(expected, plan.run(inputs)))
          .isLessThan(Comparison.limit(precision));
      return plan.steps().stream().map(step -> step.name() + " " + step.kernel()).toList();
    }
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void secondStartTakesNoSearchAndRunsTheSame(Precision precision) {
    List<String> first = start(precision, PROBLEMS);
    assertThat(start(precision, 0)).isEqualTo(first);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nonsense", // no algorithm at all
        "99 3 0 0", // one that cuDNN does not know
        "-1 3 0 0",
        "0 3 999999999999 0", // more workspace than is allowed
      })
  void damagedNotesAreSearchedAgain(String note) throws IOException {
    start(Precision.FP32, PROBLEMS);
    rewrite(line -> line.substring(0, line.indexOf('\t') + 1) + note);
    start(Precision.FP32, PROBLEMS);
    start(Precision.FP32, 0);
  }

  @Test
  void oneDamagedLineCostsOneSearch() throws IOException {
    start(Precision.FP32, PROBLEMS);
    rewrite(line -> line.startsWith("transposed") ? "transposed" : line);
    start(Precision.FP32, 1);
  }

  private void rewrite(UnaryOperator<String> change) throws IOException {
    try (Stream<Path> files = Files.list(cache)) {
      for (Path file : files.toList()) {
        List<String> lines = Files.readAllLines(file);
        assertThat(lines).hasSize(PROBLEMS);
        Files.write(file, lines.stream().map(change).toList());
      }
    }
  }
}
