package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Layout;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.cudnn.operator.LayoutChoice;
import dev.flopmeter.run.cudnn.operator.Planner;
import dev.flopmeter.run.djl.DjlBackend;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Concatenated values: parts that are written in place are not copied, and the numbers are the
 * same.
 */
class ConcatPlacesTest {
  private static final Path LIGHT = Path.of("../shared/models/light");
  @RegisterExtension static final EmulatedGpu emulated = new EmulatedGpu();

  /**
   * The copies that remain, of as many as there are parts. In NHWC with a batch of 1 no channel
   * slice is packed, and cuDNN's convolutions and poolings write none; of NCHW all are written in
   * place.
   */
  @ParameterizedTest
  @CsvSource({
    "squeezenet1_0, NCHW, 1, 16, 0",
    "squeezenet1_0, NHWC, 1, 16, 16",
    "squeezenet1_0, NCHW, 2, 16, 0",
    "googlenet, NCHW, 1, 36, 0",
    "googlenet, NHWC, 1, 36, 36",
    "googlenet, NCHW, 2, 36, 0",
  })
  void partsThatAreWrittenInPlaceAreNotCopied(
      String network, Layout layout, int batch, int parts, int copies) {
    Graph graph = Zoo.get(network).bind(Bindings.ofBatch(batch));
    assertThat(
            graph.nodes().stream()
                .filter(node -> node.op().equals("Concat"))
                .mapToInt(node -> node.inputs().size())
                .sum())
        .isEqualTo(parts);
    assertThat(copies(graph, RunOptions.DEFAULT.withLayout(layout))).isEqualTo(copies);
  }

  private static long copies(Graph graph, RunOptions options) {
    return Planner.plan(graph, options, LayoutChoice.of(options)).steps().stream()
        .filter(step -> step.op().equals("Concat"))
        .mapToLong(step -> step.works().size())
        .sum();
  }

  @ParameterizedTest
  @CsvSource({
    "squeezenet1_0, NCHW, 2, true",
    "squeezenet1_0, NCHW, 2, false",
    "googlenet, NCHW, 1, true",
    "googlenet, NHWC, 1, true",
    "densenet121, NCHW, 1, true",
    "densenet121, NHWC, 1, true",
  })
  void networksGiveWhatPyTorchGives(String network, Layout layout, int batch, boolean fuse) {
    check(
        Zoo.get(network).bind(Bindings.ofBatch(batch)),
        RunOptions.DEFAULT.withLayout(layout).withFuse(fuse));
  }

  @ParameterizedTest
  @CsvSource({
    "light_squeezenet, NCHW",
    "light_squeezenet, NHWC",
    "light_inception_v1, NCHW",
    "light_inception_v1, NHWC",
    "light_densenet121, NCHW",
  })
  void filesGiveWhatPyTorchGives(String file, Layout layout) {
    Path path = LIGHT.resolve(file + ".onnx");
    assumeTrue(Files.exists(path), "no network at " + path);
    check(OnnxModel.read(path).bind(Bindings.NONE), RunOptions.DEFAULT.withLayout(layout));
  }

  private void check(Graph graph, RunOptions options) {
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    for (String input : graph.inputs()) {
      inputs.put(input, new RandomTensor(graph.requireType(input), 7, -1, 1));
    }
    try (DjlBackend reference = DjlBackend.open();
        Plan expected = reference.prepare(graph, RunOptions.DEFAULT);
        Plan actual = emulated.backend().prepare(graph, options)) {
      assertThat(Comparison.relativeL2(expected.run(inputs), actual.run(inputs)))
          .isLessThan(Comparison.limit(Precision.FP32));
    }
  }
}
