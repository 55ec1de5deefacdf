package dev.flopmeter.run.conformance;

import dev.flopmeter.run.Backend;
import dev.flopmeter.run.cudnn.EmulatedGpu;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** ONNX Runtime's operators, computed by the emulated GPU where it has kernels for them. */
class ContribSweepOnGpuTest extends ContribSweep {
  private static Backend backend;

  @BeforeAll
  static void open(@TempDir Path cache) {
    backend = EmulatedGpu.open(cache);
  }

  @AfterAll
  static void close() {
    if (backend != null) {
      backend.close();
    }
  }

  @Override
  Backend backend() {
    return backend;
  }

  @Override
  boolean mayLackOperators() {
    return true;
  }
}
