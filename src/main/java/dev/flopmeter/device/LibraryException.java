package dev.flopmeter.device;

/** A shared library cannot be loaded or lacks what is needed; the message is one line. */
public final class LibraryException extends Exception {
  private static final long serialVersionUID = 1L;

  public LibraryException(String message) {
    super(message.lines().findFirst().orElse(message));
  }

  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }
}
