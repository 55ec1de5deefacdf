package dev.flopmeter.run.cudnn;

import dev.flopmeter.run.djl.DjlBackend;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The {@link EmulatedGpu}, and PyTorch on the CPU for comparison, open while a class runs. */
final class BothBackends implements BeforeAllCallback, AfterAllCallback {
  private final EmulatedGpu emulated = new EmulatedGpu();
  private @Nullable DjlBackend reference;

  CudnnBackend gpu() {
    return emulated.backend();
  }

  DjlBackend reference() {
    return Objects.requireNonNull(reference);
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    emulated.beforeAll(context);
    reference = DjlBackend.open();
  }

  @Override
  public void afterAll(ExtensionContext context) throws IOException {
    emulated.afterAll(context);
    if (reference != null) {
      reference.close();
    }
  }
}
