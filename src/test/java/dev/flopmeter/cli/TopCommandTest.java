package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code flopmeter top} with the emulated NVML and without one, in separate processes. */
class TopCommandTest {
  @TempDir private Path folder;

  private record Ended(int code, String out, String errors) {}

  private Ended ended(Process process) throws Exception {
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Ended(process.exitValue(), out, Files.readString(folder.resolve("errors")));
  }

  private Ended onNode(String... options) throws Exception {
    String script =
        """
        instances 0 7
        process 0:3 7 0 1e9 1073741824 50
        process 1 8 0 1e9 4294967296 90
        throttle 1 0 1e9 power
        process 2 9 0 1e9 2147483648 0
        lost 3 0 1e9
        """;
    for (int pid = 7; pid < 10; pid++) {
      Path proc = Files.createDirectories(folder.resolve("proc").resolve(Integer.toString(pid)));
      Files.writeString(proc.resolve("comm"), "python" + pid + "\n");
      Files.writeString(proc.resolve("cgroup"), "0::/slurmstepd.scope/job_4" + pid + "/step_0\n");
    }
    List<String> all = new ArrayList<>(List.of(options));
    all.addAll(List.of("--proc", folder.resolve("proc").toString()));
    return ended(TopProcess.onNode(folder, script, Map.of("FLOPMETER_EMULATED_DEVICES", "5"), all));
  }

  @Test
  void aHostWithoutNvmlGetsOneLineAndExitCode3() throws Exception {
    Assumptions.assumeFalse(
        Files.exists(Path.of("/proc/driver/nvidia/version")), "this host has an NVIDIA driver");
    Ended ended = ended(TopProcess.start(folder, Map.of("LD_LIBRARY_PATH", ""), List.of()));
    assertThat(ended.code()).isEqualTo(3);
    assertThat(ended.out()).isEmpty();
    assertThat(ended.errors().lines().filter(line -> line.startsWith("flopmeter: ")))
        .singleElement()
        .asString()
        .contains("libnvidia-ml.so.1 cannot be loaded", "flopmeter doctor");
  }

  @Test
  void withoutATerminalOneSampleIsPrinted() throws Exception {
    Ended ended = onNode();
    assertThat(ended.code()).isZero();
    assertThat(ended.out().replaceAll(" +", " "))
        .startsWith("Emulated GPUs: these figures are not valid.\n")
        .contains("\ngpu:0:0 idle - 0 B Emulated GPU MIG 1g.1gb\n")
        .contains("\ngpu:0:3 occupied - 1.07 GB Emulated GPU MIG 1g.1gb\n")
        .contains("\n 7 - - 1.07 GB python7 job 47\n")
        .contains("\ngpu:1 throttled sw_power_cap 90 % 4.29 GB Emulated GPU\n")
        .contains("\n 8 - 90 % 4.29 GB python8 job 48\n")
        .contains("\ngpu:2 held 0.0 % 2.15 GB Emulated GPU\n")
        .contains("\ngpu:3 lost - -")
        .contains("\ngpu:4 idle 0.0 % 0 B Emulated GPU\n");
  }

  @Test
  void asJsonProcessesAreThoseOfTheInstanceTheyAreOn() throws Exception {
    String json = onNode("--format", "json").out();
    assertThat(json.lines()).hasSize(1);
    assertThat(json)
        .contains("\"schema\":\"flopmeter.node/1\",\"emulated\":true")
        .containsPattern(
            "\"device\":\"gpu:0:3\",\"uuid\":\"MIG-[^\\]]*\\],\"activity\":\\{},\"processes\":\\[\\{\"pid\":7,")
        .contains("\"device\":\"gpu:3\",\"uuid\":\"\"")
        .doesNotContain("null");
  }
}
