package dev.flopmeter.run.cudnn.driver;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;

/**
 * Closes resources in reverse order of acquisition. A failure does not keep the others open: the
 * first one is thrown at the end, with the others attached.
 */
public final class ResourceStack implements AutoCloseable {

  private final Deque<AutoCloseable> resources = new ArrayDeque<>();

  public <T extends AutoCloseable> T add(T resource) {
    resources.push(resource);
    return resource;
  }

  /**
   * What {@code making} gives; if it fails, all that was added is closed. On a hung device closing
   * would wait for ever.
   */
  public <T> T guarding(Supplier<T> making) {
    try {
      return making.get();
    } catch (RuntimeException | Error e) {
      if (!(e instanceof DeviceFailure failure && failure.isHung())) {
        closeAfter(e);
      }
      throw e;
    }
  }

  /** The failure stays the one that is reported. */
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
    while (!resources.isEmpty()) {
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
