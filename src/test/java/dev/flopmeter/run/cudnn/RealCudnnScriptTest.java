package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Output of {@code src/test/bin/real-cudnn} if NVIDIA's libraries are not available. */
class RealCudnnScriptTest {
  private static final Path SCRIPT = Path.of("src/test/bin/real-cudnn").toAbsolutePath();

  @TempDir Path folder;

  /** The exit code that means that nothing was checked, rather than rejected. */
  @ParameterizedTest
  @ValueSource(strings = {"fetch", "check", "plan resnet18 fp16", "run true"})
  void failedDownloadIsSaidAndIsStatusThree(String command) throws Exception {
    Path python = Files.writeString(folder.resolve("python3"), "#!/bin/sh\nexit 1\n");
    assertThat(python.toFile().setExecutable(true)).isTrue();
    ProcessBuilder builder = new ProcessBuilder("sh", "-c", SCRIPT + " " + command);
    builder.environment().put("PATH", folder + ":" + System.getenv("PATH"));
    builder.environment().put("FLOPMETER_REAL_CUDNN_CACHE", folder.resolve("cache").toString());
    Process process = builder.redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor()).as(output).isEqualTo(3);
    assertThat(output).contains("pip cannot download the wheels; nothing was checked");
  }
}
