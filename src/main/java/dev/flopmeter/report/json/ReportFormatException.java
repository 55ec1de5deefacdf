package dev.flopmeter.report.json;

/** A stored result cannot be read. The message is one line: what is wrong and where in it. */
public final class ReportFormatException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public ReportFormatException(String message) {
    super(message);
  }

  public ReportFormatException(String message, Throwable cause) {
    super(message, cause);
  }
}
