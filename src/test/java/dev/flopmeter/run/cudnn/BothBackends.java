package dev.flopmeter.run.cudnn;

import dev.flopmeter.run.djl.DjlBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The emulated GPU, with an algorithm cache of its own, and PyTorch on the CPU to compare with,
 * open while a class runs. Where no compiler is, the class is skipped.
 */
final class BothBackends implements BeforeAllCallback, AfterAllCallback {
  private @Nullable Path cache;
  private @Nullable CudnnBackend gpu;
  private @Nullable DjlBackend reference;

  CudnnBackend gpu() {
    return Objects.requireNonNull(gpu);
  }

  DjlBackend reference() {
    return Objects.requireNonNull(reference);
  }

  @Override
  public void beforeAll(ExtensionContext context) throws IOException {
    cache = Files.createTempDirectory("algorithms");
    gpu = EmulatedGpu.open(cache);
    reference = DjlBackend.open();
  }

  @Override
  public void afterAll(ExtensionContext context) throws IOException {
    if (gpu != null) {
      gpu.close();
    }
    if (reference != null) {
      reference.close();
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
}
