package dev.flopmeter.model.onnx;

import dev.flopmeter.model.ModelException;

/**
 * The memory that reading one file may fill with names, lists and messages: a byte of a hostile
 * file can ask for a hundred of heap. Weights are not in it, they stay in the mapped file.
 *
 * <p>Sizes are estimates, on the safe side.
 */
final class ReadBudget {
  /** A message or a name, with the list entry that points to it. */
  static final long OBJECT_BYTES = 64;

  /** No real network description is nearly as large; reading this much takes seconds. */
  private static final long MOST_BYTES = 1L << 30;

  private long left;

  ReadBudget(long bytes) {
    left = bytes;
  }

  /** Half of the heap that this process may have, so that counting has the other half. */
  static ReadBudget ofHeap() {
    return new ReadBudget(Math.min(MOST_BYTES, Runtime.getRuntime().maxMemory() / 2));
  }

  /**
   * Takes {@code bytes}.
   *
   * @param position where in the file they are asked for
   * @throws ModelException if so much is not left
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
