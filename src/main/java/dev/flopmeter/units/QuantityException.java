package dev.flopmeter.units;

/** A text is no quantity, or not one of the kind asked for. */
public final class QuantityException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  QuantityException(String message) {
    super(message);
  }
}
