package dev.flopmeter.result;

/** A stored result cannot be read. The message is one line: what is wrong and where in it. */
public final class ResultFormatException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public ResultFormatException(String message) {
    super(message);
  }

  public ResultFormatException(String message, Throwable cause) {
    super(message, cause);
  }
}
