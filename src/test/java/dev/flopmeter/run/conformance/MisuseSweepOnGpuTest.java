package dev.flopmeter.run.conformance;

import dev.flopmeter.run.Backend;
import dev.flopmeter.run.cudnn.EmulatedGpu;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** Misused operators on the emulated GPU. */
class MisuseSweepOnGpuTest extends MisuseSweep {
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
}
