package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Profiles in separate processes, as a daemon starts them, and the calls that each one makes. */
class PlanReuseTest {
  @RegisterExtension static final EmulatedGpu emulated = new EmulatedGpu();

  @TempDir Path folder;

  private record Ran(JsonNode calls, List<String> output) {
    /** Each graph that cuDNN plans needs one; a restored plan needs none. */
    int graphs() {
      return calls.path("graph planned").asInt();
    }

    int searches() {
      return (int) output.stream().filter(line -> line.contains("\"phase\":\"search\"")).count();
    }
  }

  private Ran profile(Map<String, String> environment) throws Exception {
    Path report = folder.resolve("report.json");
    Files.deleteIfExists(report);
    Path output = folder.resolve("output");
    List<String> command =
        new ArrayList<>(
            List.of(
                EmulatedGpu.SCRIPT.toString(),
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Dflopmeter.cache=" + folder.resolve("plans"),
                "-cp",
                System.getProperty("java.class.path"),
                "dev.flopmeter.cli.Main"));
    command.addAll(
        List.of(
            ("profile resnet18 --input input=1x3x64x64 --backend cudnn --precision fp16"
                    + " --no-check --no-roof --max-time 1s --format jsonl")
                .split(" ")));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    builder.environment().put("FLOPMETER_EMULATED_REPORT", report.toString());
    Process process =
        builder
            .redirectOutput(output.toFile())
            .redirectError(folder.resolve("errors").toFile())
            .start();
    if (!process.waitFor(120, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("the profile hangs");
    }
    assertThat(process.exitValue()).as(errors()).isZero();
    JsonNode calls = JsonMapper.builder().build().readTree(Files.readString(report)).path("calls");
    return new Ran(calls, Files.readAllLines(output));
  }

  private String errors() throws IOException {
    return Files.readString(folder.resolve("errors"));
  }

  @Test
  void secondProfileSearchesNothingAndAnotherDriverAnew() throws Exception {
    Ran first = profile(Map.of());
    assertThat(first.searches()).isPositive();
    assertThat(first.graphs()).isPositive();

    Ran second = profile(Map.of());
    assertThat(second.searches()).isZero();
    assertThat(second.graphs()).isZero();

    Ran updated = profile(Map.of("FLOPMETER_EMULATED_DRIVER_VERSION", "12080"));
    assertThat(updated.searches()).isEqualTo(first.searches());
    assertThat(updated.graphs()).isEqualTo(first.graphs());
    assertThat(errors()).doesNotContain("is ignored");
    System.out.printf(
        "ResNet-18: cuDNN plans %d graphs in a first profile, %d in a second one%n",
        first.graphs(), second.graphs());
  }
}
