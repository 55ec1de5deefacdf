package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import at.favre.lib.crypto.bcrypt.BCrypt;
import dev.flopmeter.SharedData;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.serve.Daemon;
import dev.flopmeter.serve.DaemonInProcess;
import dev.flopmeter.serve.TlsTest;
import dev.flopmeter.serve.worker.WorkerCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImportCommandTest {
  @TempDir Path folder;

  @Test
  void theResultGoesToADaemonOverTls() throws Exception {
    TlsTest.certificate(folder);
    Path model = folder.resolve("net.onnx");
    assertThat(Flop.run("export", "squeezenet1_1", "-o", model.toString()).code()).isZero();
    Path trace = Files.writeString(folder.resolve("trace.json"), traceOf("squeezenet1_1"));
    Path password = Files.writeString(folder.resolve("password"), "p\n");
    Path config =
        Files.writeString(
            folder.resolve("f.yaml"),
            """
            http:
              listen: "127.0.0.1:0"
              tls: {certificate: cert.pem, key: key.pem}
              users: {me: "%s"}
            workloads: {edge: {model: squeezenet, imported: true}}
            history: {folder: kept}
            """
                .formatted(BCrypt.withDefaults().hashToString(4, "p".toCharArray())));
    try (Daemon daemon =
        DaemonInProcess.start(config, new WorkerCommand(List.of("false"), Map.of()))) {
      String url = "https://localhost:" + daemon.address().getPort() + "/";
      List<String> command =
          List.of("import", trace.toString(), "--model", model.toString(), "--daemon", url);
      List<String> user = List.of("--user", "me", "--password-file", password.toString());
      List<String> trusted = List.of("--ca-file", folder.resolve("cert.pem").toString());

      Flop sent = flop(command, List.of("--workload", "edge"), user, trusted);
      assertThat(sent.err()).endsWith("workload edge: imported\n");
      assertThat(sent.code()).isZero();
      assertThat(sent.out()).contains("100 % of the MACs");
      Flop again = flop(command, List.of("--workload", "edge"), user, trusted);
      assertThat(again.err()).endsWith("workload edge: known already\n");

      refused(flop(command, List.of("--workload", "other"), user, trusted), "refuses: 400");
      Flop untrusting = flop(command, List.of("--workload", "edge"), user);
      assertThat(untrusting.code()).isEqualTo(Main.DEVICE_FAILED);
      assertThat(untrusting.err()).contains(" does not answer: ").hasLineCount(1);
      refused(flop(command, user, trusted), "--daemon and --workload must be used together");
      refused(flop(command, List.of("--workload", "edge")), "requires --user and --password-file");
      Files.writeString(password, "wrong");
      refused(flop(command, List.of("--workload", "edge"), user, trusted), "401");
    }
  }

  @SafeVarargs
  private static Flop flop(List<String>... arguments) {
    return Flop.run(Stream.of(arguments).flatMap(List::stream).toArray(String[]::new));
  }

  private static void refused(Flop flop, String reason) {
    assertThat(flop.code()).isEqualTo(Main.BAD_INPUT);
    assertThat(flop.err()).contains(reason).hasLineCount(1);
  }

  @Test
  void theDaemonsRequirementsAreCheckedBeforeTheTraceIsRead() {
    String[] sent = {"import", "no.json", "--model", "resnet18", "--daemon", "http://localhost:1"};
    Flop alone = Flop.run(sent);
    assertThat(alone.code()).isEqualTo(Main.BAD_INPUT);
    assertThat(alone.err()).contains("--workload").hasLineCount(1);
    String[] user = {"--workload", "w", "--user", "u", "--password-file", "nothing-here"};
    Flop unreadable = Flop.run(Stream.of(sent, user).flatMap(Stream::of).toArray(String[]::new));
    assertThat(unreadable.code()).isEqualTo(Main.BAD_INPUT);
    assertThat(unreadable.err())
        .contains("'nothing-here' is not a file that can be read")
        .hasLineCount(1);
  }

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
  void aTraceOfTheModelBecomesAnOrdinaryResult() throws IOException {
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
  void anUnknownDeviceIsReportedAndABlankOneRejected() throws IOException {
    // As PowerShell and Windows editors write files: with a byte order mark.
    Path trace = folder.resolve("trace.json");
    Files.writeString(trace, "\uFEFF" + traceOf("squeezenet1_1"));
    String[] command = {"import", trace.toString(), "--model", "squeezenet1_1", "--format", "json"};
    Flop unknown = flop(List.of(command), List.of("--device", "NVIDIA A100-SXM4-80Gb 2"));
    assertThat(unknown.code()).isZero();
    assertThat(unknown.err())
        .contains(
            "device 'NVIDIA A100-SXM4-80Gb 2' is not in the datasheet table; did you mean 'A100 SXM4 80GB'?")
        .endsWith("the result has no share of a peak\n")
        .hasLineCount(1);
    assertThat(ProfileJson.read(unknown.out()).efficiency().mfu().datasheet()).isNull();
    refused(flop(List.of(command), List.of("--device", " ")), "--device must name");
  }

  @Test
  void filesThatDoNotBelongTogetherAreRefused() throws IOException {
    Path text = Files.writeString(folder.resolve("notes.txt"), "hello");
    assertThat(Flop.run("import", text.toString(), "--model", "resnet18").err())
        .contains("not a supported trace");
    assertThat(Flop.run("import", "missing.json", "--model", "resnet18").err())
        .contains("no such file");
    assertThat(Flop.run("import", text.toString()).err()).contains("--model");
  }
}
