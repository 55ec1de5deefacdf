package dev.flopmeter.run.cudnn.driver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.run.BackendException;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class NativesTest {
  /** Each of several GPUs is tried, in one process. */
  @Test
  void aLibraryThatCannotBeLoadedIsReportedEachTime() throws Exception {
    String classes =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(path -> !path.contains("jcuda-natives"))
            .collect(Collectors.joining(File.pathSeparator));
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Process process =
        new ProcessBuilder(java, "-cp", classes, Twice.class.getName())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(said.lines().filter(line -> line.startsWith("JCuda's natives cannot be loaded: ")))
        .as(said)
        .hasSize(2);
    assertThat(process.waitFor()).as(said).isZero();
  }

  static final class Twice {
    public static void main(String[] arguments) {
      for (int i = 0; i < 2; i++) {
        try {
          Natives.load();
        } catch (BackendException e) {
          System.out.println(e.getMessage());
        }
      }
    }
  }
}
