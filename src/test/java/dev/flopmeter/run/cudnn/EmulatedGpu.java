package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flopmeter.device.CudaLibraries;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The emulated driver and cuDNN, loaded into this process; built by Maven or on first use. While a
 * class runs it has a backend with a separate algorithm cache, opened on first use. The class is
 * skipped if there is no compiler.
 */
public final class EmulatedGpu implements BeforeAllCallback, AfterAllCallback {
  static final Path SCRIPT = Path.of("src/test/bin/emulated-gpu").toAbsolutePath();
  static final Path LIBRARIES = Path.of("target/emulated-gpu/lib").toAbsolutePath();

  private @Nullable Path cache;
  private @Nullable CudnnBackend backend;

  @Override
  public void beforeAll(ExtensionContext context) {
    requireBuilt();
  }

  /**
   * The standard output of {@code main} on an emulated GPU with these settings, in a separate
   * process because they are read once; its standard error goes to ours.
   */
  static String output(Class<?> main, Map<String, String> settings, String... arguments)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                SCRIPT.toString(),
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().putAll(settings);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
    return output;
  }

  /** The class's own backend. */
  public CudnnBackend backend() {
    if (backend == null) {
      try {
        cache = Files.createTempDirectory("algorithms");
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
      backend = open(cache);
    }
    return backend;
  }

  @Override
  public void afterAll(ExtensionContext context) throws IOException {
    if (backend != null) {
      backend.close();
    }
    if (cache != null) {
      delete(cache);
    }
  }

  private static void delete(Path folder) throws IOException {
    List<Path> all;
    try (Stream<Path> paths = Files.walk(folder)) {
      all = paths.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : all) {
      Files.delete(path);
    }
  }

  /** Another backend, like that of a separate start; the caller closes it. */
  public static CudnnBackend open(Path cache) {
    requireBuilt();
    return CudnnBackend.open("cuda:0", libraries(), cache, Optional.empty());
  }

  /** A backend that measures the layouts, as on a real device. */
  static CudnnBackend openMeasuring(Path cache) {
    return CudnnBackend.open("cuda:0", libraries(), cache, Optional.of(true));
  }

  /** Whether NVIDIA's own cuDNN also plans every graph; see {@code src/test/bin/real-cudnn}. */
  static boolean isJudged() {
    return System.getenv("FLOPMETER_REAL_CUDNN") != null;
  }

  private static CudaLibraries libraries() {
    return CudaLibraries.find(
        Map.of(
            "FLOPMETER_LIBCUDA", LIBRARIES.toString(),
            "FLOPMETER_LIBCUDNN", LIBRARIES.toString()));
  }

  private static void requireBuilt() {
    if (!Files.exists(LIBRARIES.resolve("libcudnn.so.9"))) {
      try {
        Process build = new ProcessBuilder(SCRIPT.toString(), "true").inheritIO().start();
        assumeTrue(build.waitFor() == 0, "the emulated GPU cannot be built; it needs gcc and make");
      } catch (IOException e) {
        assumeTrue(false, "the emulated GPU cannot be built: " + e.getMessage());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
