package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.SharedData;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** For any bad input: one line that says what, where and what to do, and exit code 2. */
class BadInputTest {
  @TempDir Path folder;

  private static void refuses(String message, String... args) {
    Flop flop = Flop.run(args);

    assertThat(flop.err().stripTrailing())
        .hasLineCount(1)
        .startsWith("flopmeter: ")
        .contains(message);
    assertThat(flop.err()).doesNotContain("Exception").doesNotContain("internal error");
    assertThat(flop.out()).isEmpty();
    assertThat(flop.code()).isEqualTo(2);
  }

  private String file(String name, byte[] content) throws IOException {
    return Files.write(folder.resolve(name), content).toString();
  }

  @Test
  void missingFile() {
    refuses("the file does not exist", "count", folder.resolve("none.onnx").toString());
  }

  @Test
  void directory() {
    refuses("this is a directory", "count", folder + "/");
  }

  @Test
  void emptyFile() throws IOException {
    refuses("the file is empty", "count", file("empty.onnx", new byte[0]));
  }

  @Test
  void lfsPointer() {
    Path pointer = SharedData.require("models/odd/lfs_pointer/resnet50-v1-7.onnx");
    refuses("Git LFS pointer", "count", pointer.toString());
  }

  @Test
  void somethingElse() throws IOException {
    byte[] text =
        "Mary had a little lamb, its fleece was white as snow.".getBytes(StandardCharsets.UTF_8);
    refuses("not an ONNX model", "count", file("poem.onnx", text));
  }

  /** A graph without nodes, after the version of its operators. */
  @Test
  void opsetsThatDoNotExist() throws IOException {
    for (int version : new int[] {0, 0x7f}) {
      byte[] model = {
        0x42, 3, 0x10, (byte) (0x80 | version), (byte) (version == 0 ? 0 : 0x7f), 0x3a, 0
      };
      String seen = version == 0 ? "0" : "16383";
      refuses("opset " + seen + " of '' does not exist", "count", file("v.onnx", model));
    }
  }

  @Test
  void unknownBuiltIn() {
    refuses("did you mean 'resnet50'", "count", "resnet5O");
  }

  @Test
  void wrongOptions() {
    refuses("--batch must be at least 1, not 0", "count", "resnet50", "--batch", "0");
    refuses("--batch must be at least 1, not -3", "count", "resnet50", "--batch", "-3");
    refuses("is not a whole number", "count", "resnet50", "--batch", "99999999999999999999");
    refuses("negative dimension", "count", "resnet50", "--input", "input=1x3x-224x224");
    refuses("exceeds 2^63-1", "count", "resnet50", "--batch", "9223372036854775807");
    refuses("exceeds 2^63-1", "count", "resnet50", "--batch", "1000000000000000");
    refuses("no input 'data'", "count", "resnet50", "--input", "data=1x3x224x224");
    refuses("is not a shape", "count", "resnet50", "--input", "input=1x3xHxW");
    refuses("did you mean 'thop'", "count", "resnet50", "--convention", "thopp");
    refuses(
        "--unit must be auto, 1, K, M, G, T, P, E or Z, not 'X'",
        "count",
        "resnet50",
        "--unit",
        "X");
    refuses(
        "--format must be table, json, csv or markdown, not 'xml'",
        "count",
        "resnet50",
        "--format",
        "xml");
    refuses("see flopmeter count --help", "count", "resnet50", "--nonsense");
    refuses("see flopmeter --help");
    refuses("did you mean 'count'? see flopmeter --help", "cuont", "resnet50");
    refuses("there is no command 'nonsense'", "help", "nonsense");
    refuses("Missing required parameter: 'NEW'", "compare", "base.json");
    refuses("SHELL must be bash or zsh, not 'fish'", "completion", "fish");
    refuses("--max-time must be positive, not 0s", "profile", "resnet50", "--max-time", "0s");
    refuses("--threshold must be below 100%", "compare", "a", "b", "--threshold", "200%");
    refuses(
        "--precision must be fp32, tf32, fp16, bf16, int8 or fp8",
        "roof",
        "--precision",
        "fp32,fp4");
    refuses("--device must be auto, cpu or cuda:N", "conformance", "d", "--device", "gpu");
    refuses("--threads must be at least 1, not -2", "roof", "--threads", "-2");
    refuses("--threads must be at most 1024, not 100000", "roof", "--threads", "100000");
    refuses("'16.5X' is not an amount or rate", "units", "16.5X");
  }

  @Test
  void shapesThatDoNotFitNameTheNode() {
    refuses("node '", "count", "resnet50", "--input", "input=1x3x0x0");
    refuses("contradicts", "count", "resnet50", "--input", "input=1x4x224x224");
    refuses("does not divide", "count", "swin_t", "--input", "input=1x3x200x200");
  }

  @Test
  void freeDimensionsAreNamed() {
    Path bert = SharedData.require("models/real/tinybert/model.onnx");
    refuses("free dimensions: ", "count", bert.toString());
  }

  /**
   * A model that is cut at any k-th byte is rejected or, if only its end is missing, still read.
   */
  @Test
  void truncatedAnywhere() throws IOException {
    byte[] whole = Files.readAllBytes(SharedData.require("models/light/light_squeezenet.onnx"));
    for (int length = 1; length < whole.length; length += Math.max(1, whole.length / 150)) {
      Flop flop = Flop.run("count", file("cut.onnx", Arrays.copyOf(whole, length)));
      assertThat(flop.code()).as("cut at " + length).isIn(0, 2);
      assertThat(flop.err()).doesNotContain("internal error");
    }
  }

  @Test
  void noiseIsRefused() throws IOException {
    Random random = new Random(1);
    for (int i = 0; i < 200; i++) {
      byte[] noise = new byte[random.nextInt(400) + 1];
      random.nextBytes(noise);
      Flop flop = Flop.run("count", file("noise.onnx", noise));
      assertThat(flop.code()).isEqualTo(2);
      assertThat(flop.err().stripTrailing()).hasLineCount(1).doesNotContain("internal error");
    }
  }

  @Test
  void brokenRules() throws IOException {
    refuses(
        "does not exist", "count", "resnet18", "--rules", folder.resolve("none.yaml").toString());
    refuses(
        "unknown key mac",
        "count",
        "resnet18",
        "--rules",
        file("a.yaml", "MyOp: {mac: 1}".getBytes(StandardCharsets.UTF_8)));
    refuses(
        "at character 5",
        "count",
        "resnet18",
        "--rules",
        file("b.yaml", "MyOp: {macs: '2 * '}".getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void longMessagesKeepTheirEnds() {
    String message = Main.oneLine("where\n " + "x\u001b".repeat(10_000) + " what");
    assertThat(message).startsWith("where x\uFFFDx\uFFFD").endsWith("x\uFFFD what").contains(" … ");
    assertThat(message).hasSizeLessThan(700);
  }

  @Test
  void unwritableOutput() {
    refuses(
        "cannot be written", "count", "resnet18", "-o", folder.resolve("no/such/file").toString());
  }
}
