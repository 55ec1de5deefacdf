package dev.flopmeter.run.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.conformance.CaseOutcome;
import dev.flopmeter.run.conformance.CaseResult;
import dev.flopmeter.run.conformance.ConformanceCase;
import dev.flopmeter.run.conformance.Tolerance;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Published networks return their published outputs, fused and node by node. */
class NetworksTest {
  private static final Path MODELS = Path.of("../shared/models");
  private static DjlBackend backend;

  @BeforeAll
  static void open() {
    assumeTrue(Files.isDirectory(MODELS), "no networks at " + MODELS);
    backend = DjlBackend.open();
  }

  @AfterAll
  static void close() {
    if (backend != null) {
      backend.close();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "resnet50",
    "bvlc_alexnet",
    "vgg19",
    "squeezenet",
    "densenet121",
    "inception_v1",
  })
  void lightNetworkGivesItsExpectedOutput(String name) {
    OnnxModel model = OnnxModel.read(MODELS.resolve("light/light_" + name + ".onnx"));
    Tensor image = OnnxModel.readTensor(MODELS.resolve("light/input_0.pb"));
    Tensor expected = OnnxModel.readTensor(MODELS.resolve("light/light_" + name + "_output_0.pb"));
    Graph graph = model.bind(Bindings.NONE);
    try (Plan plan = backend.prepare(graph, RunOptions.DEFAULT)) {
      Map<String, Tensor> outputs = plan.run(Map.of(graph.inputs().get(0), image));
      Tensor output = outputs.get(graph.outputs().get(0));
      assertThat(new Tolerance(1e-3, 1e-7, 0).difference(expected, output)).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "super_resolution",
        "mnist",
        "ultraface_rfb_320",
        "nanodet_m_320",
        "tinybert",
        "cct_2_32",
        "micro_kws",
        "dtln_1",
        "resnet50_first_block",
      })
  void trainedNetworkGivesItsExpectedOutput(String name) {
    ConformanceCase networkCase = new ConformanceCase(MODELS.resolve("real").resolve(name));
    for (RunOptions options :
        new RunOptions[] {RunOptions.DEFAULT, RunOptions.DEFAULT.withFuse(false)}) {
      CaseResult result = networkCase.run(backend, options, new Tolerance(1e-3, 1e-4, 0));
      assertThat(result.outcome()).as(result.reason()).isEqualTo(CaseOutcome.PASSED);
    }
  }

  /** No expected output is published for it; fused and node by node must agree. */
  @Test
  void networkOfContributedOperatorsRuns() {
    Graph graph =
        OnnxModel.read(MODELS.resolve("odd/contrib_ops/cct_1_16_16_8.onnx")).bind(Bindings.NONE);
    String input = graph.inputs().get(0);
    Tensor image = new RandomTensor(graph.requireType(input), 1, 0, 1);
    String output = graph.outputs().get(0);
    try (Plan fused = backend.prepare(graph, RunOptions.DEFAULT);
        Plan single = backend.prepare(graph, RunOptions.DEFAULT.withFuse(false))) {
      Tensor expected = single.run(Map.of(input, image)).get(output);
      Tensor actual = fused.run(Map.of(input, image)).get(output);
      assertThat(expected).isNotNull();
      assertThat(actual).isNotNull();
      assertThat(new Tolerance(1e-3, 1e-6, 0).difference(expected, actual)).isEmpty();
    }
  }
}
