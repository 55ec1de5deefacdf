package dev.flopmeter.measure;

/** Where a long operation reports its progress. */
@FunctionalInterface
public interface Progress extends AutoCloseable {
  Progress SILENT = (phase, done, detail) -> {};

  /**
   * Takes one message.
   *
   * @param phase what is being done: {@code prepare}, {@code search}, {@code check}, {@code
   *     warm-up}, {@code measure}, {@code layers}
   * @param done share of the whole work, 0 to 1
   * @param detail a few words, such as the batch
   */
  void report(String phase, double done, String detail);

  /** Ends the showing of messages. */
  @Override
  default void close() {}
}
