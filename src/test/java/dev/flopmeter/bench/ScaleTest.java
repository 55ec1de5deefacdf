package dev.flopmeter.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Memory stays bounded: 10,000 nodes are read, inferred, counted and printed with a heap of 64 MB.
 */
class ScaleTest {
  @TempDir Path folder;

  @Test
  void tenThousandNodesFitIntoASmallHeap() throws IOException, InterruptedException {
    int nodes = 9_999;
    Path model = Files.write(folder.resolve("generated.onnx"), GeneratedModel.ofNodes(nodes));
    Path out = folder.resolve("out.csv");
    Process process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx64m",
                    "-cp",
                    System.getProperty("java.class.path"),
                    "dev.flopmeter.cli.Main",
                    "count",
                    model.toString(),
                    "--format",
                    "csv",
                    "-o",
                    out.toString()))
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();

    assertThat(said).isEmpty();
    assertThat(process.exitValue()).isZero();
    assertThat(Files.readAllLines(out)).hasSize(1 + nodes);
  }
}
