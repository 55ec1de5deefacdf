package dev.flopmeter.run.cudnn;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flopmeter.device.CudaLibraries;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** The emulated driver and cuDNN, bound into this process; built by Maven or on first use. */
public final class EmulatedGpu {
  static final Path SCRIPT = Path.of("src/test/bin/emulated-gpu").toAbsolutePath();
  private static final Path LIBRARIES = Path.of("target/emulated-gpu/lib").toAbsolutePath();

  private EmulatedGpu() {}

  /** The backend on the emulated device; the calling test is skipped where there is no compiler. */
  public static CudnnBackend open(Path cache) {
    requireBuilt();
    return CudnnBackend.open("cuda:0", libraries(), cache);
  }

  /** The backend on the emulated device, which the caller has built. */
  static CudnnBackend openUnchecked(Path cache) {
    return CudnnBackend.open("cuda:0", libraries(), cache);
  }

  /** Whether NVIDIA's own cuDNN plans every graph, too: see {@code src/test/bin/real-cudnn}. */
  static boolean isJudged() {
    return System.getenv("FLOPMETER_REAL_CUDNN") != null;
  }

  static CudaLibraries libraries() {
    return CudaLibraries.find(
        Map.of(
            "FLOPMETER_LIBCUDA", LIBRARIES.toString(),
            "FLOPMETER_LIBCUDNN", LIBRARIES.toString()));
  }

  static void requireBuilt() {
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
