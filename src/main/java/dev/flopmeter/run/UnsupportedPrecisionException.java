package dev.flopmeter.run;

/** A device has no units for a precision. */
public final class UnsupportedPrecisionException extends BackendException {
  private static final long serialVersionUID = 1L;

  public UnsupportedPrecisionException(String message) {
    super(message);
  }
}
