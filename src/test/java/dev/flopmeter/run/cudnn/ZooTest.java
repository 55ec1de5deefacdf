package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Built-in networks at their real width on the emulated GPU, compared with PyTorch. */
class ZooTest {
  private static final long VOCABULARY = 30_000;

  @RegisterExtension static final BothBackends backends = new BothBackends();

  @ParameterizedTest
  @CsvSource({"bert-base, 4, 0", "shufflenet_v2_x0_5, 0, 0", "mobilenet_v3_small, 0, 0"})
  void quickNetworksAgreeWithPyTorch(String name, long sequence, long past) {
    check(name, sequence, past);
  }

  @ParameterizedTest
  @Tag("emulated-full")
  @CsvSource({
    "bert-base, 32, 0",
    "vit_b_16, 0, 0",
    "llama3-8b-block, 8, 0",
    "llama3-8b-block, 1, 16",
    "swin_t, 0, 0",
    "convnext_tiny, 0, 0",
    "efficientnet_b0, 0, 0",
    "efficientnet_v2_s, 0, 0",
    "shufflenet_v2_x1_0, 0, 0",
    "mobilenet_v2, 0, 0",
    "mobilenet_v3_large, 0, 0",
    "regnet_x_400mf, 0, 0",
    "regnet_y_400mf, 0, 0",
    "resnext50_32x4d, 0, 0",
    "mnasnet0_5, 0, 0",
    "mnasnet1_0, 0, 0",
    "inception_v3, 0, 0",
    "googlenet, 0, 0",
    "squeezenet1_1, 0, 0",
    "densenet121, 0, 0",
    "vgg11_bn, 0, 0",
    "alexnet, 0, 0",
  })
  void everyFamilyAgreesWithPyTorch(String name, long sequence, long past) {
    check(name, sequence, past);
  }

  /**
   * @param sequence tokens of a transformer, 0 for networks of images
   * @param past tokens before them whose keys and values are given
   */
  private static void check(String name, long sequence, long past) {
    Graph graph = Zoo.get(name).bind(bindings(name, sequence, past));
    Map<String, Tensor> inputs = inputs(graph);
    Map<String, Tensor> expected;
    try (Plan plan = backends.reference().prepare(graph, RunOptions.DEFAULT)) {
      expected = plan.run(inputs);
    }
    for (Precision precision : new Precision[] {Precision.FP32, Precision.BF16}) {
      try (Plan plan = backends.gpu().prepare(graph, RunOptions.DEFAULT.withPrecision(precision))) {
        double error = Comparison.relativeL2(expected, plan.run(inputs));
        System.out.println(name + " " + precision.label() + ": " + error);
        assertThat(error).as(precision.label()).isLessThan(Comparison.limit(precision));
      }
    }
  }

  private static Bindings bindings(String name, long sequence, long past) {
    if (sequence == 0) {
      return Bindings.ofBatch(1);
    }
    Map<String, Long> dims =
        name.startsWith("llama")
            ? Map.of("sequence", sequence, "past", past)
            : Map.of("sequence", sequence);
    return new Bindings(Map.of(), OptionalLong.empty(), dims, Map.of(), Map.of());
  }

  private static Map<String, Tensor> inputs(Graph graph) {
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    for (String input : graph.inputs()) {
      TensorType type = graph.requireType(input);
      boolean isFloat = type.type() == DataType.FLOAT;
      inputs.put(input, new RandomTensor(type, 11, isFloat ? -1 : 0, isFloat ? 1 : VOCABULARY));
    }
    return inputs;
  }
}
