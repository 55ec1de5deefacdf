package dev.flopmeter.run.conformance;

import dev.flopmeter.run.Backend;
import dev.flopmeter.run.djl.DjlBackend;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Misused operators on the CPU. */
class MisuseSweepOnCpuTest extends MisuseSweep {
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
