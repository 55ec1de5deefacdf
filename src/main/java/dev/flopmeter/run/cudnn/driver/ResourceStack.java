package dev.flopmeter.run.cudnn.driver;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.BooleanSupplier;

/**
 * Closes resources in reverse order of acquisition. A failure does not keep the others open: the
 * first one is thrown at the end, with the others attached.
 */
public final class ResourceStack implements AutoCloseable {
  private final BooleanSupplier isHung;
  private final Deque<AutoCloseable> resources = new ArrayDeque<>();

  /**
   * @param isHung whether the device is hung: closing would wait forever, so nothing is closed
   */
  ResourceStack(BooleanSupplier isHung) {
    this.isHung = isHung;
  }

  public <T extends AutoCloseable> T add(T resource) {
    resources.push(resource);
    return resource;
  }

  /** The first failure is the one that is reported. */
  public void closeAfter(Throwable failure) {
    try {
      close();
    } catch (RuntimeException closing) {
      failure.addSuppressed(closing);
    }
  }

  @Override
  public void close() {
    RuntimeException first = null;
    while (!resources.isEmpty() && !isHung.getAsBoolean()) {
      try {
        resources.pop().close();
      } catch (RuntimeException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      } catch (Exception e) {
        throw new IllegalStateException("our resources throw nothing checked", e);
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
