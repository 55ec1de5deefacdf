package dev.flopmeter.run;

/**
 * A device or its libraries failed, or cannot be used. The message is one line: what failed, where,
 * and what to do. The command line exits with 3.
 */
public class BackendException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public BackendException(String message) {
    super(message);
  }

  public BackendException(String message, Throwable cause) {
    super(message, cause);
  }
}
