package dev.flopmeter.run.fuse;

import dev.flopmeter.run.Backend;
import dev.flopmeter.run.djl.DjlBackend;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Every fusion, executed by PyTorch. */
class EveryFusionOnCpuTest extends EveryFusion {
  private static Backend backend;

  @BeforeAll
  static void open() {
    backend = DjlBackend.open();
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
