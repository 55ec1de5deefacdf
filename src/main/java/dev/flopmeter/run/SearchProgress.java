package dev.flopmeter.run;

/** Receives the progress of searching the fastest way to compute each step, which takes long. */
@FunctionalInterface
public interface SearchProgress {
  SearchProgress SILENT = (done, step) -> {};

  /**
   * Receives one message.
   *
   * @param done share of all steps that are prepared, 0 to 1
   * @param step the name of the step whose search begins
   */
  void report(double done, String step);

  /** For the part of the work with this number, of {@code parts} equal ones. */
  default SearchProgress part(int number, int parts) {
    return (done, step) -> report((number + done) / parts, step);
  }
}
