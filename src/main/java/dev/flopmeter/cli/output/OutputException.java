package dev.flopmeter.cli.output;

import dev.flopmeter.text.IoReason;

/** The result of a command could not be written, because a disk is full for example. */
public final class OutputException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public OutputException(String where, Exception cause) {
    super(where + ": cannot be written: " + IoReason.of(cause), cause);
  }
}
