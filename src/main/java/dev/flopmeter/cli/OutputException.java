package dev.flopmeter.cli;

/** The result of a command could not be written, because a disk is full for example. */
final class OutputException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  OutputException(String where, Exception cause) {
    super(where + ": cannot be written: " + IoReason.of(cause), cause);
  }
}
