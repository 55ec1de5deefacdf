package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.run.cudnn.EmulatedGpu;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A precision that a GPU lacks is rejected before the run that would calibrate a network for it.
 * The GPU fails at its first launch, which would belong to that run.
 */
class UnsupportedPrecisionTest {
  @RegisterExtension static final EmulatedGpu emulated = new EmulatedGpu();

  private record Ended(int code, String errors) {}

  private static Ended profileInFp8(String gpu) throws Exception {
    List<String> command =
        List.of(
            Path.of("src/test/bin/emulated-gpu").toAbsolutePath().toString(),
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            "dev.flopmeter.cli.Main");
    ProcessBuilder builder = new ProcessBuilder(new ArrayList<>(command));
    builder
        .command()
        .addAll(
            List.of(
                "profile",
                "squeezenet1_1",
                "--device",
                "cuda:0",
                "--precision",
                "fp8",
                "--no-check",
                "--no-roof"));
    builder.environment().put("FLOPMETER_EMULATED_GPU", gpu);
    builder.environment().put("FLOPMETER_EMULATED_FAULT", "launch-failed@launch:1");
    Process process = builder.redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    String errors = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
    return new Ended(process.exitValue(), errors);
  }

  @Test
  void isRefusedBeforeAnythingIsLaunched() throws Exception {
    Ended ended = profileInFp8("T4");
    assertThat(ended.errors())
        .contains("fp8 needs compute capability 8.9, Emulated GPU has 7.5; use fp16 or fp32")
        .doesNotContain("CUDA_ERROR");
    assertThat(ended.code()).isEqualTo(Main.DEVICE_FAILED);
  }

  @Test
  void isCalibratedOnAGpuThatHasIt() throws Exception {
    Ended ended = profileInFp8("H100");
    assertThat(ended.errors()).contains("CUDA_ERROR_LAUNCH_FAILED");
    assertThat(ended.code()).isEqualTo(Main.DEVICE_FAILED);
  }
}
