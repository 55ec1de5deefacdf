package dev.flopmeter.run.cudnn.driver;

import java.util.ArrayDeque;
import java.util.Deque;

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
