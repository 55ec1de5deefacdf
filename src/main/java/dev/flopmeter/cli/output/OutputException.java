package dev.flopmeter.cli.output;

import dev.flopmeter.text.IoReason;
import java.io.IOException;

/** The result of a command could not be written, because a disk is full for example. */
public final class OutputException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public OutputException(String where, Exception cause) {
    super(where + ": cannot be written: " + IoReason.of(cause), cause);
  }

  /** Throws it, unless the reader of a pipe has closed its end because it has seen enough. */
  static void requireReaderGone(String where, IOException e) {
    String message = String.valueOf(e.getMessage());
    if (!message.contains("Broken pipe") && !message.contains("Connection reset")) {
      throw new OutputException(where, e);
    }
  }
}
