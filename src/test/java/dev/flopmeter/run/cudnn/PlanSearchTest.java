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
import dev.flopmeter.run.Layout;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.SearchEffort;
import dev.flopmeter.run.djl.DjlBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
 * Two equal convolutions, a transposed one and a product of computed matrices: each problem is
 * searched once, its plan stored on disk, and restored by the next start.
 */
class PlanSearchTest {
  /** Without a handle NVIDIA's planner has no exact engine for the product: our kernel runs. */
  private static int problems(Precision precision) {
    return EmulatedGpu.isJudged() && precision == Precision.FP32 ? 2 : 3;
  }

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
    builder.input("x", TensorType.of(DataType.FLOAT, 1, 8, 9, 9));
    builder.input("m", TensorType.of(DataType.FLOAT, 1, 5, 17, 8));
    Attributes padded = Attributes.of("pads", new long[] {1, 1, 1, 1});
    String image = "x";
    for (int i = 0; i < 2; i++) {
      TensorType weights = TensorType.of(DataType.FLOAT, 8, 8, 3, 3);
      builder.constant("w" + i, RandomTensor.weights(weights, i, 8 * 9));
      image = builder.add("Conv", "convolution" + i, padded, image, "w" + i);
    }
    builder.constant(
        "t", RandomTensor.weights(TensorType.of(DataType.FLOAT, 8, 5, 3, 3), 2, 8 * 9));
    Attributes doubled =
        Attributes.of("pads", new long[] {1, 1, 1, 1}, "strides", new long[] {2, 2});
    String wider = builder.add("ConvTranspose", "transposed", doubled, image, "t");
    return builder.build(List.of(builder.add("MatMul", "product", Attributes.NONE, wider, "m")));
  }

  private List<String> start(Precision precision, int searches) {
    return start(RunOptions.DEFAULT.withPrecision(precision), searches);
  }

  /** One start: returns the kernel of each step, after checking that the result is right. */
  private List<String> start(RunOptions options, int searches) {
    List<String> searched = new ArrayList<>();
    try (CudnnBackend gpu = EmulatedGpu.open(cache);
        Plan plan = gpu.prepare(graph, options, (done, step) -> searched.add(step))) {
      assertThat(searched).as("searches").hasSize(searches);
      assertThat(Comparison.relativeL2(expected, plan.run(inputs)))
          .isLessThan(Comparison.limit(options.precision()));
      return plan.steps().stream().map(step -> step.name() + " " + step.kernel()).toList();
    }
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"INT8", "FP8"})
  void secondStartTakesNoSearchAndRunsTheSame(Precision precision) {
    List<String> first = start(precision, problems(precision));
    assertThat(start(precision, 0)).isEqualTo(first);
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"INT8", "FP8"})
  void fullSearchIsNotedApartFromTheQuickOne(Precision precision) {
    RunOptions full = RunOptions.DEFAULT.withPrecision(precision).withSearch(SearchEffort.FULL);
    start(precision, problems(precision));
    List<String> first = start(full, problems(precision));
    assertThat(start(full, 0)).isEqualTo(first);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "nonsense", "half", "changed", "longer"})
  void damagedNotesAreSearchedAgain(String damage) throws IOException {
    start(Precision.FP32, problems(Precision.FP32));
    rewrite(
        text ->
            switch (damage) {
              case "half" -> text.substring(0, text.length() / 2);
              case "changed" -> text.replace("math fma", "math FMA");
              case "longer" -> text + " ";
              default -> damage;
            });
    start(Precision.FP32, problems(Precision.FP32));
    start(Precision.FP32, 0);
  }

  /** Every engine of the emulated cuDNN needs a workspace; some of NVIDIA's do not. */
  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"INT8", "FP8"})
  void ownKernelsRunWhereNoPlanKeepsToTheLimit(Precision precision) throws IOException {
    RunOptions none = new RunOptions(precision, Layout.AUTO, true, 0, 0, SearchEffort.QUICK, null);
    // A search that finds nothing is noted for no other step: there are four.
    int searches = EmulatedGpu.isJudged() ? problems(precision) : 4;
    List<String> steps = start(none, searches);
    assertThat(files()).hasSize(EmulatedGpu.isJudged() ? searches : 0);
    assertThat(steps)
        .allMatch(
            step ->
                step.contains("ptx:")
                    || EmulatedGpu.isJudged() && step.contains("workspaceBytes=0"));
  }

  @Test
  void notesOfAnotherProblemAreIgnored() throws IOException {
    start(Precision.FP32, problems(Precision.FP32));
    List<Path> files = files();
    String other = Files.readString(files.get(0));
    rewrite(text -> other);
    start(Precision.FP32, problems(Precision.FP32) - 1);
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(cache)) {
      return files.filter(file -> file.toString().endsWith(".plan")).sorted().toList();
    }
  }

  private void rewrite(UnaryOperator<String> change) throws IOException {
    List<Path> files = files();
    assertThat(files).hasSize(problems(Precision.FP32));
    for (Path file : files) {
      Files.writeString(file, change.apply(Files.readString(file)));
    }
  }
}
