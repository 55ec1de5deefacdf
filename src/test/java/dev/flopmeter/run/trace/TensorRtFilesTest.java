package dev.flopmeter.run.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flopmeter.SharedData;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorRtFilesTest {
  /** Not called: these traces name the nodes themselves. */
  private static final Graph NO_MODEL = Zoo.get("resnet18").bind(Bindings.ofBatch(1));

  @TempDir Path folder;

  private Path file(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  @Test
  void readsTheSampleOfAnA100() {
    Trace trace =
        TraceFiles.read(
                List.of(
                    SharedData.require("runtimes/trt_layerinfo_resnet_A100_fp16.json"),
                    SharedData.require("runtimes/trt_profile_resnet_A100_fp16.json")),
                NO_MODEL,
                Map.of())
            .trace();
    assertThat(trace.precision()).isEqualTo(Precision.FP16);
    assertThat(trace.kernels()).hasSize(36);
    assertThat(trace.kernels().stream().mapToDouble(kernel -> kernel.seconds().get(0)).sum())
        .as("the sum of averageMs in the file")
        .isCloseTo(1.016832e-3, within(1e-9));
    Graph network = Zoo.get("resnet18").bind(Bindings.ofBatch(32));
    List<Step> steps = TraceJoin.byNodes(network, trace.kernels()).steps();
    assertThat(steps.stream().flatMap(step -> step.nodes().stream()))
        .doesNotHaveDuplicates()
        .containsAll(
            network.nodes().stream().filter(NodeJoin::isProduct).map(node -> node.name()).toList());
  }

  @Test
  void namesOfTheModelComeFromTheMetadata() throws IOException {
    for (String separator : List.of("\\u001e", "\\u001f")) {
      Path layers =
          file(
              "layers.json",
              "{\"Layers\":[{\"Name\":\"fused\",\"LayerType\":\"CaskConvolution\",\"Metadata\":"
                  + "\"[ONNX Layer: /a/Conv]"
                  + separator
                  + "[ONNX Layer: /a/Relu]\"}]}");
      Path profile = file("profile.json", "[{\"count\":9},{\"name\":\"fused\",\"averageMs\":0.5}]");
      Trace trace = TraceFiles.read(List.of(layers, profile), NO_MODEL, Map.of()).trace();
      assertThat(trace.kernels().get(0).nodes()).containsExactly("/a/Conv", "/a/Relu");
      assertThat(trace.kernels().get(0).seconds()).containsExactly(0.0005);
    }
  }

  @Test
  void olderFilesNameTheNodesInTheLayer() throws IOException {
    Path profile =
        file(
            "profile.json",
            "[{\"count\":9},{\"name\":\"Conv_0 + PWN(PWN(Sigmoid_1), Mul_2)\",\"averageMs\":1},"
                + "{\"name\":\"{ForeignNode[a...z]}\",\"averageMs\":1},"
                + "{\"name\":\"Conv_3 || Conv_4\",\"averageMs\":1},"
                + "{\"name\":\"reshape_1\",\"averageMs\":1},"
                + "{\"name\":\"unsqueeze_node_after_Gemm_7\",\"averageMs\":1},"
                + "{\"name\":\"Concat_9_output_0 copy\",\"averageMs\":1},"
                + "{\"name\":\"Reformatting CopyNode for Input Tensor 0 to b\",\"averageMs\":1}]");
    assertThat(TraceFiles.read(List.of(profile), NO_MODEL, Map.of()).trace().kernels())
        .extracting(Trace.Kernel::nodes)
        .containsExactly(
            List.of("Conv_0", "Sigmoid_1", "Mul_2"),
            List.of("a", "z"),
            List.of("Conv_3", "Conv_4"),
            List.of("reshape_1"),
            List.of(),
            List.of(),
            List.of());
  }

  @Test
  void namesWithBracketsAndIntegerWeightsAreReported() throws IOException {
    Path layers =
        file(
            "layers.json",
            "{\"Layers\":[{\"Name\":\"__myl_fc\",\"Weights\":{\"Type\":\"Int4\",\"Count\":9},"
                + "\"Metadata\":\"[ONNX Layer: blocks[0]/MatMul]\\u001e[ONNX Layer: a b]\"}]}");
    Path profile =
        file("profile.json", "[{\"count\":9},{\"name\":\"__myl_fc\",\"averageMs\":0.5}]");
    Trace trace = TraceFiles.read(List.of(layers, profile), NO_MODEL, Map.of()).trace();
    assertThat(trace.kernels().get(0).nodes()).containsExactly("blocks[0]/MatMul", "a b");
    assertThat(trace.precision()).isNull();
    assertThat(trace.notes()).anyMatch(note -> note.startsWith("most weights are Int4"));
  }

  @Test
  void weightsInEightBitsAreAPrecision() throws IOException {
    Path layers =
        file(
            "layers.json",
            "{\"Layers\":[{\"Name\":\"conv\",\"Weights\":{\"Type\":\"Int8\",\"Count\":9}}]}");
    Path profile = file("profile.json", "[{\"count\":9},{\"name\":\"conv\",\"averageMs\":1}]");
    assertThat(TraceFiles.read(List.of(layers, profile), NO_MODEL, Map.of()).trace().precision())
        .isEqualTo(Precision.INT8);
  }

  @Test
  void passesComeFromTheTimes() throws IOException {
    Path profile = file("profile.json", "[{\"count\":9},{\"name\":\"a\",\"averageMs\":1}]");
    Path times = file("times.json", "[{\"startEnqMs\":1,\"computeMs\":13.5},{\"computeMs\":12}]");
    assertThat(TraceFiles.read(List.of(profile, times), NO_MODEL, Map.of()).trace().passSeconds())
        .containsExactly(0.0135, 0.012);
  }

  @Test
  void badFilesAreRefused() throws IOException {
    for (String text :
        List.of(
            "[{\"count\":0},{\"name\":\"a\",\"averageMs\":1}]",
            "[{\"count\":5}]",
            "[{\"count\":5},{\"name\":\"a\",\"averageMs\":-1}]",
            "[{\"count\":5},{\"name\":\"a\",\"averageMs\":1e10}]",
            "[{\"count\":5},{\"name\":\"a\"",
            "[{\"count\":5},{\"name\":\"a\",\"averageMs\":1}][]")) {
      Path profile = file("profile.json", text);
      assertThatThrownBy(() -> TraceFiles.read(List.of(profile), NO_MODEL, Map.of()))
          .as(text)
          .isInstanceOf(ModelException.class)
          .hasMessageContaining("profile.json");
    }
    Path endless = file("profile.json", "[{\"count\":1e300},{\"name\":\"a\",\"averageMs\":1}]");
    assertThatThrownBy(() -> TraceFiles.read(List.of(endless), NO_MODEL, Map.of()))
        .hasMessageContaining("has no iterations");
    Path packed = Files.write(folder.resolve("packed.json"), new byte[] {0x1f, (byte) 0x8b});
    assertThatThrownBy(() -> TraceFiles.read(List.of(packed), NO_MODEL, Map.of()))
        .hasMessageContaining("packed.json' cannot be read: the file is truncated");
    Path profile = file("profile.json", "[{\"count\":5},{\"name\":\"a\",\"averageMs\":1}]");
    Path layers = file("layers.json", "{\"Layers\":[{\"Name\":\"b\"}]}");
    assertThatThrownBy(() -> TraceFiles.read(List.of(profile, layers), NO_MODEL, Map.of()))
        .hasMessageContaining("two engines");
    assertThatThrownBy(() -> TraceFiles.read(List.of(layers), NO_MODEL, Map.of()))
        .hasMessageContaining("no kernel times");
  }
}
