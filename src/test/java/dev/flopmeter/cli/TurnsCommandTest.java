package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.model.onnx.OnnxWriter;
import dev.flopmeter.result.ProfileSchema;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code compare --run}, with two networks, one of which has sixteen times the work of the other.
 */
class TurnsCommandTest {
  @TempDir Path folder;

  private String model(String name, int products) throws IOException {
    TensorType square = TensorType.of(DataType.FLOAT, 256, 256);
    GraphBuilder graph = new GraphBuilder(name, 20);
    String value = graph.input("x", square);
    graph.constant("w", RandomTensor.weights(square, 1, 256));
    for (int i = 0; i < products; i++) {
      value = graph.add("MatMul", "y" + i, Attributes.NONE, value, "w");
    }
    Path file = folder.resolve(name + ".onnx");
    OnnxWriter.write(graph.build(List.of(value)), file);
    return file.toString();
  }

  private static Flop turns(String base, String next, String... more) {
    List<String> all = new ArrayList<>(List.of("compare", "--run", base, next, "--device", "cpu"));
    all.addAll(List.of("--threads", "1"));
    all.addAll(List.of(more));
    return Flop.run(all.toArray(String[]::new));
  }

  @Test
  void aConfirmedSlowdownEndsWithOne() throws IOException {
    Flop flop = turns(model("small", 1), model("large", 16));
    assertThat(flop.code()).as(flop.err()).isEqualTo(1);
    assertThat(flop.out())
        .startsWith("Slower by ")
        .contains("turns of each", "wrong with a probability of at most 0.1 %");
    assertThat(flop.out().lines().filter(line -> line.startsWith("base "))).hasSize(1);
  }

  @Test
  void aSpeedupExitsWithZeroAndIsJsonOfItsSchema() throws IOException {
    Flop flop = turns(model("large", 16) + " --backend ort", model("small", 1), "--format", "json");
    assertThat(flop.code()).as(flop.err()).isZero();
    assertThat(ProfileSchema.complaints("turns-1.json", flop.out())).isEmpty();
    assertThat(flop.out()).contains("\"verdict\" : \"faster\"", "\"slower\" : false");
  }

  @Test
  void withoutTimeItIsUndecided() throws IOException {
    String same = model("same", 4);
    Flop flop = turns(same, same, "--max-time", "30ms", "--threshold", "0%");
    assertThat(flop.code()).as(flop.err()).isZero();
    assertThat(flop.out()).startsWith("Undecided, ").contains("increase --max-time");
  }

  @Test
  void aFileWhoseNameHasASpaceIsNoNetworkWithOptions() throws IOException {
    String spaced = model("two words", 1);
    Flop flop = turns(spaced, spaced, "--max-time", "30ms", "--format", "json");
    assertThat(flop.code()).as(flop.err()).isZero();
    assertThat(ProfileSchema.complaints("turns-1.json", flop.out())).isEmpty();
  }

  @Test
  void anInvalidCaseIsRejectedInOneLine() throws IOException {
    String some = model("some", 1);
    assertThat(turns(some + " --layers 3", some))
        .isEqualTo(
            new Flop(
                2,
                "",
                "flopmeter: BASE '%s --layers 3': Unknown options: '--layers', '3'; see flopmeter profile --help%n"
                    .formatted(some)));
    assertThat(turns(some, some + " --precision fp32,fp16").err())
        .contains("NEW '", "must be one case, not several batches, precisions or backends");
    assertThat(turns(some, some, "--backend", "all").err()).contains("must be one case");
    assertThat(turns(some, "missing.onnx").err()).contains("missing.onnx: the file does not exist");
    assertThat(turns(some, some, "--format", "html").err()).contains("must be table or json");
    assertThat(turns(some, some, "--force").err())
        .contains("--force cannot be combined with --run");
    assertThat(turns(some, some, "--error-rate", "0%").err()).contains("must be above 0 %");
  }

  @Test
  void optionsOfRunNeedRun() throws IOException {
    Path result = Files.writeString(folder.resolve("a.json"), "{}");
    for (List<String> option :
        List.of(List.of("--max-time", "1s"), List.of("--seed", "1"), List.of("--no-fuse"))) {
      List<String> all = new ArrayList<>(List.of("compare", result.toString(), result.toString()));
      all.addAll(option);
      Flop flop = Flop.run(all.toArray(String[]::new));
      assertThat(flop.code()).isEqualTo(2);
      assertThat(flop.err()).contains(option.get(0) + " needs --run");
    }
  }
}
