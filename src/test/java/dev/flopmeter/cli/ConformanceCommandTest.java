package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.SharedData;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The results of {@code flopmeter conformance} for good, wrong and broken cases. */
class ConformanceCommandTest {
  private static final String DATA = "test_data_set_0";

  @TempDir private Path folder;

  /** A copy of a shared case, two folders deep. */
  private Path copy(String name) throws IOException {
    Path from = SharedData.require("onnx-node-tests/" + name);
    Path to = folder.resolve("cases").resolve(name);
    try (Stream<Path> files = Files.walk(from)) {
      files.forEach(file -> copyTo(file, to.resolve(from.relativize(file).toString())));
    }
    return to;
  }

  private static void copyTo(Path file, Path target) {
    try {
      Files.createDirectories(target.getParent());
      if (Files.isRegularFile(file)) {
        Files.copy(file, target);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Flop run() {
    return Flop.run("conformance", folder.toString(), "--backend", "djl");
  }

  @Test
  void casesAreFoundBelowTheDirectory() throws IOException {
    copy("test_add");
    copy("test_relu");
    Flop flop = run();
    assertThat(flop.code()).isZero();
    assertThat(flop.out()).contains("all on djl", "Relu").doesNotContain("failed cases");
  }

  @Test
  void aWrongResultFails() throws IOException {
    Path data = copy("test_add").resolve(DATA);
    Files.delete(data.resolve("output_0.pb"));
    Files.copy(data.resolve("input_0.pb"), data.resolve("output_0.pb"));
    Flop flop = run();
    assertThat(flop.code()).isEqualTo(1);
    assertThat(flop.out()).contains("failed cases/test_add: test_data_set_0: output 'sum'");
  }

  @Test
  void modelsThatOnnxRuntimeRejectsAreUnsupported() throws IOException {
    copy("test_equal_uint16"); // its Java API has no such tensors
    copy("test_simple_rnn_batchwise"); // it has no kernel for this layout
    Flop flop = Flop.run("conformance", folder.toString(), "--backend", "ort");
    assertThat(flop.code()).isZero();
    assertThat(flop.out())
        .contains(
            "unsupported cases/test_equal_uint16: the backend 'ort' cannot feed the input 'x'")
        .contains("unsupported cases/test_simple_rnn_batchwise: the backend 'ort' cannot run");
  }

  @Test
  void aMissingFileIsBadInput() throws IOException {
    Files.delete(copy("test_add").resolve(DATA).resolve("input_1.pb"));
    Flop flop = run();
    assertThat(flop.code()).isEqualTo(2);
    assertThat(flop.out())
        .contains("invalid cases/test_add: ")
        .contains("input_1.pb: cannot be read: no such file or folder");
  }

  @Test
  void anOutputThatTheModelDoesNotHaveIsBadInput() throws IOException {
    Path data = copy("test_add").resolve(DATA);
    Files.copy(data.resolve("output_0.pb"), data.resolve("output_1.pb"));
    Flop flop = run();
    assertThat(flop.code()).isEqualTo(2);
    assertThat(flop.out())
        .contains("invalid cases/test_add: test_data_set_0: the model has no output for output_1");
  }

  @Test
  void dataThatDoNotFitNameTheInput() throws IOException {
    Path data = copy("test_add").resolve(DATA);
    Path other = SharedData.require("onnx-node-tests/test_and2d").resolve(DATA);
    Files.delete(data.resolve("input_1.pb"));
    Files.copy(other.resolve("input_0.pb"), data.resolve("input_1.pb"));
    Flop flop = run();
    assertThat(flop.code()).isEqualTo(2);
    assertThat(flop.out())
        .contains("the input 'y' is bool[3x4] in the data, but the model declares float32[3x4x5]");
  }

  @Test
  void aFolderWithoutCasesIsRefused() {
    Flop flop = run();
    assertThat(flop.code()).isEqualTo(2);
    assertThat(flop.err()).hasLineCount(1).contains("no conformance cases found");
  }
}
