package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
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
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Published networks return their published outputs on the emulated GPU, fused and node by node.
 */
class NetworksTest {
  private static final Path MODELS = Path.of("../shared/models");
  @RegisterExtension static final EmulatedGpu emulated = new EmulatedGpu();

  @BeforeAll
  static void open() {
    assumeTrue(Files.isDirectory(MODELS), "no networks at " + MODELS);
  }

  @ParameterizedTest
  @ValueSource(strings = {"resnet50", "bvlc_alexnet", "squeezenet"})
  void lightNetworkGivesItsExpectedOutput(String name) {
    OnnxModel model = OnnxModel.read(MODELS.resolve("light/light_" + name + ".onnx"));
    Tensor image = OnnxModel.readTensor(MODELS.resolve("light/input_0.pb"));
    Tensor expected = OnnxModel.readTensor(MODELS.resolve("light/light_" + name + "_output_0.pb"));
    Graph graph = model.bind(Bindings.NONE);
    try (Plan plan = emulated.backend().prepare(graph, RunOptions.DEFAULT)) {
      Map<String, Tensor> outputs = plan.run(Map.of(graph.inputs().get(0), image));
      Tensor output = outputs.get(graph.outputs().get(0));
      assertThat(new Tolerance(1e-3, 1e-7, 0).difference(expected, output)).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "resnet50_first_block",
        "super_resolution",
        "mnist",
        "ultraface_rfb_320",
        "nanodet_m_320",
        "tinybert",
        "cct_2_32",
        "micro_kws",
        "dtln_1",
      })
  void trainedNetworkGivesItsExpectedOutput(String name) {
    ConformanceCase networkCase = new ConformanceCase(MODELS.resolve("real").resolve(name));
    for (RunOptions options :
        new RunOptions[] {RunOptions.DEFAULT, RunOptions.DEFAULT.withFuse(false)}) {
      CaseResult result =
          networkCase.run(emulated.backend(), options, new Tolerance(1e-3, 1e-4, 0));
      assertThat(result.outcome()).as(result.reason()).isEqualTo(CaseOutcome.PASSED);
    }
  }
}
