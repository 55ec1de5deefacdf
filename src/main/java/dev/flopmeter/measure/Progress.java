package dev.flopmeter.measure;

/** Receives the progress of a long operation. */
@FunctionalInterface
public interface Progress extends AutoCloseable {
  Progress SILENT = (phase, done, detail) -> {};

  /**
   * Receives one message.
   *
   * @param phase the current work: {@code prepare}, {@code search}, {@code check}, {@code warm-up},
   *     {@code measure}, {@code layers}
   * @param done share of the whole work, 0 to 1
   * @param detail a few words, such as the batch
   */
  void report(String phase, double done, String detail);

  /** Ends the display of messages. */
  @Override
  default void close() {}
}
