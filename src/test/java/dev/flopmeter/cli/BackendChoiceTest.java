package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.model.onnx.OnnxWriter;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The backends that {@code --backend auto} and {@code all} run, and the comparison of their
 * results.
 */
class BackendChoiceTest {
  @TempDir Path folder;

  private Path model(String name, DataType input) throws IOException {
    GraphBuilder graph = new GraphBuilder(name, 20);
    graph.input("x", TensorType.of(input, 8, 8));
    graph.constant("w", RandomTensor.weights(TensorType.of(DataType.FLOAT, 8, 8), 1, 8));
    graph.add("Cast", "cast", Attributes.of("to", (long) DataType.FLOAT.code()), "x");
    graph.add("MatMul", "y", Attributes.NONE, "cast", "w");
    Path file = folder.resolve(name + ".onnx");
    OnnxWriter.write(graph.build(List.of("y")), file);
    return file;
  }

  private static Flop profile(Path model, String... more) {
    List<String> all =
        new java.util.ArrayList<>(
            List.of(
                "profile",
                model.toString(),
                "--device",
                "cpu",
                "--no-roof",
                "--max-time",
                "500ms"));
    all.addAll(List.of(more));
    return Flop.run(all.toArray(String[]::new));
  }

  @Test
  void onnxRuntimeTakesNoLayout() throws IOException {
    Flop profile = profile(model("plain", DataType.FLOAT), "--backend", "ort", "--layout", "nhwc");
    assertThat(profile.code()).isEqualTo(2);
    assertThat(profile.err())
        .isEqualTo("flopmeter: --backend ort lays tensors out by itself; omit --layout\n");
  }

  @Test
  void withALayoutItIsAnotherOne() throws IOException {
    Flop profile = profile(model("plain", DataType.FLOAT), "--layout", "nchw", "--format", "json");
    assertThat(ProfileJson.read(profile.out()).run().backend()).isEqualTo("djl");
  }

  @Test
  void onACpuItIsOnnxRuntimeWhereThatRunsTheModel() throws IOException {
    ProfileResult result =
        ProfileJson.read(profile(model("plain", DataType.FLOAT), "--format", "json").out());
    assertThat(result.run().backend()).isEqualTo("ort");
    assertThat(result.environment().libraries()).containsKey("onnxruntime");
    assertThat(result.numericCheck().passed()).isTrue();
    assertThat(result.assignment().macs()).isEqualTo(1);
    assertThat(result.assignment().profiledRatio()).isPositive();
  }

  @Test
  void otherwiseItIsPyTorchForAStatedReason() throws IOException {
    Path model = model("odd", DataType.UINT16);
    Flop flop = profile(model, "--backend", "ort", "--format", "json");
    assertThat(flop.code()).isEqualTo(Main.BAD_INPUT);
    assertThat(flop.err()).contains("no tensors of uint16");
    ProfileResult result = ProfileJson.read(profile(model, "--format", "json").out());
    assertThat(result.run().backend()).isEqualTo("djl");
  }

  @Test
  void allGivesOneTable() throws IOException {
    Flop flop = profile(model("plain", DataType.FLOAT), "--backend", "all");
    assertThat(flop.out())
        .contains("backend", "first run", "memory", "\nort ", "\ndjl ")
        .doesNotContain("Latency");
  }

  @Test
  void twoBackendsCompareOnPurposeOnly() throws IOException {
    Path model = model("plain", DataType.FLOAT);
    String base = folder.resolve("ort.json").toString();
    String next = folder.resolve("djl.json").toString();
    for (String name : List.of("ort", "djl")) {
      String file = folder.resolve(name + ".json").toString();
      assertThat(profile(model, "--backend", name, "--format", "json", "-o", file).code()).isZero();
      // Whether a busy machine measures well is not tested.
      String text = Files.readString(Path.of(file));
      Files.writeString(Path.of(file), text.replaceAll("\"valid\" ?: ?false", "\"valid\" : true"));
    }
    assertThat(Flop.run("compare", base, next).err()).contains("run.backend is ort in BASE");
    assertThat(Flop.run("compare", base, next, "--across", "backend").err()).isEmpty();
  }
}
