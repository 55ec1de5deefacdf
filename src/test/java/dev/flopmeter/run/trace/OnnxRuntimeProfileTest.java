package dev.flopmeter.run.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flopmeter.SharedData;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.zoo.Zoo;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OnnxRuntimeProfileTest {
  /** Not called: these traces name the nodes themselves. */
  private static final Graph NO_MODEL = Zoo.get("resnet18").bind(Bindings.ofBatch(1));

  private static final String START = event("Session", "session_initialization", 0, 5, 1, "");

  @TempDir Path folder;

  private static String event(
      String category, String name, long start, long micros, long thread, String arguments) {
    return String.format(
        "{\"cat\":\"%s\",\"pid\":7,\"tid\":%d,\"ts\":%d,\"dur\":%d,\"ph\":\"X\",\"name\":\"%s\","
            + "\"args\":{%s}}",
        category, thread, start, micros, name, arguments);
  }

  private static String node(String name, long start, long micros) {
    String facts =
        "\"op_name\":\"Conv\",\"node_index\":\"3\",\"provider\":\"CPUExecutionProvider\","
            + "\"input_type_shape\":[{\"float\":[1,3]}],\"output_type_shape\":[{\"float\":[1,8]}],"
            + "\"mem_in_use_peak\":\"4096\"";
    return event("Node", name + "_kernel_time", start, micros, 1, facts);
  }

  private static String run(long start, long micros) {
    return event("Session", "model_run", start, micros, 1, "");
  }

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("trace.json"), text);
  }

  private Trace read(String... events) throws IOException {
    return OnnxRuntimeProfile.read(file("[" + String.join(",", events) + "]"));
  }

  @Test
  void aRunIsTheNodesBeforeItsEnd() throws IOException {
    Trace trace =
        read(START, node("a", 10, 4), node("b", 15, 6), run(9, 14), node("a", 30, 8), run(29, 10));
    assertThat(trace.kernels()).extracting(Trace.Kernel::name).containsExactly("a", "b");
    assertThat(trace.kernels().get(0).seconds()).containsExactly(4e-6, 8e-6);
    assertThat(trace.kernels().get(1).seconds()).containsExactly(6e-6, 0.0);
    assertThat(trace.passSeconds()).containsExactly(14e-6, 10e-6);
    assertThat(trace.kernels().get(0).shape()).containsExactly(1L, 8L);
    assertThat(trace.deviceName()).as("ONNX Runtime does not tell the device").isNull();
  }

  @Test
  void aShapeThatIsNoNumberIsUnknown() throws IOException {
    Trace trace = read(START, node("a", 10, 4).replace("[1,8]", "[\"batch\",8]"), run(9, 14));
    assertThat(trace.kernels().get(0).shape()).containsExactly(-1L, 8L);
  }

  @Test
  void aSortedFileGivesTheSameResult() throws IOException {
    String gpu = node("b", 22, 2).replace("CPUExecutionProvider", "CUDAExecutionProvider");
    Trace trace =
        read(START, run(9, 6), node("a", 10, 4), run(20, 9), node("a", 21, 7), node("c", 22, 2));
    assertThat(trace.kernels()).extracting(Trace.Kernel::name).containsExactly("a");
    assertThat(trace.kernels().get(0).seconds()).containsExactly(4e-6, 7e-6);
    assertThat(trace.notes()).isEmpty();
    assertThat(read(START, run(9, 6), node("a", 10, 4), run(20, 9), node("a", 21, 7)).notes())
        .isEmpty();
    assertThat(read(node("a", 10, 4), node("a", 21, 7), run(9, 6), run(20, 9), START).kernels())
        .singleElement()
        .satisfies(kernel -> assertThat(kernel.seconds()).containsExactly(4e-6, 7e-6));
    assertThat(read(START, run(20, 9), gpu).isGpu()).isTrue();
  }

  @Test
  void theTimeOfABodyIsPartOfTheNodeThatHoldsIt() throws IOException {
    Trace trace = read(START, node("inner", 12, 3), node("loop", 10, 9), run(9, 12));
    assertThat(trace.kernels()).extracting(Trace.Kernel::name).containsExactly("loop");
    assertThat(trace.kernels().get(0).seconds().get(0)).isCloseTo(9e-6, within(1e-12));
  }

  @Test
  void anUnfinishedRunIsLeftOutWithANote() throws IOException {
    Trace trace = read(START, node("a", 10, 4), run(9, 6), node("a", 20, 5));
    assertThat(trace.passSeconds()).hasSize(1);
    assertThat(trace.notes()).anyMatch(note -> note.contains("not complete"));
  }

  @Test
  void ofManyRunsTheFirstIsNotCounted() throws IOException {
    assertThat(read(START, run(0, 90), run(100, 10), run(200, 10), run(300, 10)).passSeconds())
        .hasSize(3);
  }

  @Test
  void timesOfAGpuAreNotShownAsItsKernels() throws IOException {
    String cuda = node("a", 10, 4).replace("CPUExecutionProvider", "CUDAExecutionProvider");
    Trace trace = read(START, cuda, run(9, 6));
    assertThat(trace.isGpu()).isTrue();
    assertThat(trace.kernels()).isEmpty();
    assertThat(trace.notes()).anyMatch(note -> note.contains("on the host"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[START,NODE|cut off after 2 events",
        "[START,NODE,RUN][START,NODE,RUN]|several traces in one file",
        "[START,NODE,RUN,START]|several sessions",
        "[START,NODE]|no complete run",
        "[]|no complete run",
        "[START,BACK,RUN]|'a_kernel_time' has 'dur' -4; it must be a number from 0 to 1E+12",
        "[START,LONG,RUN]|'a_kernel_time' has 'dur' 9000000000000000000; it must be a number",
        "[START,LATE,RUN]|'a_kernel_time' has 'ts' 9000000000000000000; it must be a number",
        "[START,NODE,ENDLESS]|'model_run' has 'dur' \"Infinity\"; it must be a number",
        "[START,NODE,RUN,RUN]|runs overlap or are not in chronological order",
        "[START,OTHER,RUN]|several threads at once",
        "\"text\"|neither a JSON array nor an object",
        "[START,{]|no JSON after"
      })
  void badInputIsOneLine(String text, String expected) throws IOException {
    Path file =
        file(
            text.replace("START", START)
                .replace("NODE", node("a", 10, 4))
                .replace("BACK", node("a", 10, -4))
                .replace("LONG", node("a", 10, 9_000_000_000_000_000_000L))
                .replace("LATE", node("a", 9_000_000_000_000_000_000L, 4))
                .replace("ENDLESS", run(9, 6).replace("\"dur\":6", "\"dur\":1e999"))
                .replace("OTHER", node("a", 10, 4).replace("\"tid\":1", "\"tid\":2"))
                .replace("RUN", run(9, 6)));
    assertThatThrownBy(() -> OnnxRuntimeProfile.read(file))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(expected)
        .message()
        .doesNotContain("\n");
  }

  @Test
  void readsAPackedSampleWithItsTotals() throws IOException {
    Path sample = SharedData.require("runtimes/ort_bert_cpu_1.29.json");
    Path packed = folder.resolve("sample.json.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
      Files.copy(sample, out);
    }
    for (Path file : List.of(sample, packed)) {
      Trace trace = TraceFiles.read(List.of(file), NO_MODEL, Map.of()).trace();
      assertThat(trace.passSeconds()).containsExactly(765e-6, 514e-6, 488e-6);
      assertThat(trace.kernels()).hasSize(252 / 3);
    }
  }

  @Test
  void memoryIsBoundedByTheNodesNotByTheEvents() throws IOException {
    Path file = folder.resolve("long.json");
    int runs = 20_000;
    try (OutputStream out = Files.newOutputStream(file)) {
      out.write(("[" + START).getBytes(StandardCharsets.UTF_8));
      for (int i = 0; i < runs; i++) {
        long at = 100L * (i + 1);
        String text = "," + node("a", at, 4) + "," + node("b", at + 5, 4) + "," + run(at, 20);
        out.write(text.getBytes(StandardCharsets.UTF_8));
      }
      out.write(']');
    }
    Trace trace = OnnxRuntimeProfile.read(file);
    assertThat(trace.kernels()).hasSize(2);
    assertThat(trace.passSeconds()).hasSize(runs - 1);
  }
}
