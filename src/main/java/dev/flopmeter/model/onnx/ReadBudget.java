package dev.flopmeter.model.onnx;

import dev.flopmeter.model.ModelException;

/**
 * The memory that reading one file may use for names, lists and messages: a byte of a hostile file
 * can require a hundred bytes of heap. Weights do not count, because they stay in the mapped file.
 *
 * <p>Sizes are estimates, on the safe side.
 */
final class ReadBudget {
  /** A message or a name, with the list entry that points to it. */
  static final long OBJECT_BYTES = 64;

  /** No real network description is nearly as large; reading one would take seconds. */
  private static final long MOST_BYTES = 1L << 30;

  private long left;

  ReadBudget(long bytes) {
    left = bytes;
  }

  /** Half of the heap of this process, so that counting has the other half. */
  static ReadBudget ofHeap() {
    return new ReadBudget(Math.min(MOST_BYTES, Runtime.getRuntime().maxMemory() / 2));
  }

  /**
   * Takes {@code bytes}.
   *
   * @param position the position in the file
   * @throws ModelException if that exceeds the budget
   */
  void spend(long bytes, long position) {
    left -= bytes;
    if (left < 0) {
      throw new ModelException(
          ("the content up to byte %s, without weights, requires more memory than half of Java's"
                  + " heap or 1 GB; a valid model may need a larger heap (FLOPMETER_JAVA_OPTS=-Xmx2g)")
              .formatted(position));
    }
  }
}
