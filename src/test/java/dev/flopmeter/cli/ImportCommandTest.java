package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.SharedData;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImportCommandTest {
  @TempDir Path folder;

  @Test
  void aTraceOfAnotherModelIsRefusedWithItsNodes() {
    Path trace = SharedData.require("runtimes/ort_bert_cpu_1.29.json");
    Flop flop = Flop.run("import", trace.toString(), "--model", "resnet18");
    assertThat(flop.code()).isEqualTo(Main.BAD_INPUT);
    assertThat(flop.err())
        .contains("another model")
        .contains("MACs assigned: 0.0 %")
        .contains("node_")
        .hasLineCount(1);
  }

  @Test
  void anOrdinaryResultComesOfATraceOfTheModel() throws IOException {
    Path model = folder.resolve("net.onnx");
    assertThat(Flop.run("export", "squeezenet1_1", "-o", model.toString()).code()).isZero();
    Path trace = folder.resolve("trace.json");
    Files.writeString(trace, traceOf("squeezenet1_1"));
    String device = "NVIDIA A100-SXM4-80GB";
    Flop flop =
        Flop.run(
            "import",
            trace.toString(),
            "--model",
            model.toString(),
            "--device",
            device,
            "--precision",
            "fp16",
            "--format",
            "json");
    assertThat(flop.err()).isEmpty();
    ProfileResult result = ProfileJson.read(flop.out());
    assertThat(result.run().backend()).isEqualTo("ort");
    assertThat(result.device().name()).isEqualTo(device);
    assertThat(result.roofs().datasheet()).isNotNull();
    assertThat(result.latency().median()).isEqualTo(0.002);
    assertThat(result.assignment().macs()).isEqualTo(1);
    assertThat(result.assignment().time()).isEqualTo(1);
    assertThat(result.layers().stream().mapToLong(layer -> layer.cost().macs()).sum())
        .isEqualTo(result.cost().macs());
    assertThat(result.memory()).as("a trace does not tell the memory").isNull();
  }

  /** Two runs of a network whose every node takes 10 us. */
  private static String traceOf(String network) {
    StringBuilder text = new StringBuilder("[");
    for (int run = 0; run < 2; run++) {
      long at = run * 10_000L;
      for (var node :
          ModelArguments.open(network).bind(dev.flopmeter.model.Bindings.NONE).nodes()) {
        text.append(
            "{\"cat\":\"Node\",\"ph\":\"X\",\"ts\":%d,\"dur\":10,\"name\":\"%s_kernel_time\",\"args\":{\"op_name\":\"%s\"}},"
                .formatted(at += 20, node.name(), node.op()));
      }
      text.append(
          "{\"cat\":\"Session\",\"ph\":\"X\",\"ts\":%d,\"dur\":2000,\"name\":\"model_run\"}%s"
              .formatted(run * 10_000L, run == 0 ? "," : "]"));
    }
    return text.toString();
  }

  @Test
  void filesThatDoNotBelongTogetherAreRefused() throws IOException {
    Path text = Files.writeString(folder.resolve("notes.txt"), "hello");
    assertThat(Flop.run("import", text.toString(), "--model", "resnet18").err())
        .contains("not a trace");
    assertThat(Flop.run("import", "missing.json", "--model", "resnet18").err())
        .contains("no such file");
    assertThat(Flop.run("import", text.toString()).err()).contains("--model");
  }
}
