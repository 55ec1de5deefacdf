package dev.flopmeter.live;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Counting and live meters work in a JVM whose class path has only their own libraries, and none
 * for the GPU, PyTorch, the daemon or the command line.
 */
class StandaloneTest {
  private static final List<String> COUNT = List.of("jspecify", "slf4j-api");
  private static final List<String> LIVE =
      List.of(
          "micrometer-core",
          "micrometer-commons",
          "micrometer-observation",
          "HdrHistogram",
          "LatencyUtils");
  private static final List<String> DJL = List.of("api", "gson", "jna", "commons-compress");

  /** Runs in the child. */
  static final class Counts {
    public static void main(String[] args) {
      var counts =
          dev.flopmeter.Flopmeter.count(
              dev.flopmeter.Flopmeter.builtIn("resnet50"), dev.flopmeter.model.Bindings.ofBatch(2));
      System.out.println("macs " + counts.totals().macs());
    }
  }

  /** Runs in the child. */
  static final class Lives {
    public static void main(String[] args) {
      var counts =
          dev.flopmeter.Flopmeter.count(
              dev.flopmeter.Flopmeter.builtIn("resnet50"), dev.flopmeter.model.Bindings.ofBatch(1));
      var registry = new io.micrometer.core.instrument.simple.SimpleMeterRegistry();
      ModelEfficiency.of(counts).device("cuda:0", "NVIDIA H200").bindTo(registry).record(4, 1_000);
      System.out.println(
          "inferences " + registry.get("flopmeter.inferences").functionCounter().count());
    }
  }

  /** Runs in the child. */
  static final class Blocks {
    public static void main(String[] args) {
      var block = ai.djl.nn.core.Linear.builder().setUnits(5).build();
      var counts = dev.flopmeter.Flopmeter.count(block, new ai.djl.ndarray.types.Shape(2, 3));
      System.out.println("macs " + counts.totals().macs());
    }
  }

  @Test
  void countsWithoutDjl() throws IOException, InterruptedException {
    assertThat(run(Counts.class, List.of(COUNT))).contains("macs " + 2 * 4_089_184_256L);
  }

  @Test
  void publishesWithMicrometersCoreAlone() throws IOException, InterruptedException {
    assertThat(run(Lives.class, List.of(COUNT, LIVE))).contains("inferences 4.0");
  }

  @Test
  void countsABlockWithDjlsApiAndNoEngine() throws IOException, InterruptedException {
    assertThat(run(Blocks.class, List.of(COUNT, DJL))).contains("macs " + 2 * 3 * 5);
  }

  private static String run(Class<?> main, List<List<String>> libraries)
      throws IOException, InterruptedException {
    List<String> allowed = libraries.stream().flatMap(List::stream).toList();
    String path =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(entry -> isOurs(entry) || allowed.contains(artifact(entry)))
            .collect(Collectors.joining(File.pathSeparator));
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    Process child =
        new ProcessBuilder(java.toString(), "-Xmx512m", "-cp", path, main.getName())
            .redirectErrorStream(true)
            .start();
    try {
      String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(child.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(child.exitValue()).as(output).isZero();
      return output;
    } finally {
      child.destroyForcibly();
    }
  }

  private static boolean isOurs(String entry) {
    return !entry.endsWith(".jar");
  }

  /** {@code micrometer-core} of {@code .../micrometer-core-1.17.2.jar}. */
  private static String artifact(String entry) {
    return Path.of(entry).getFileName().toString().replaceFirst("-\\d.*", "");
  }
}
