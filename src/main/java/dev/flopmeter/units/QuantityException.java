package dev.flopmeter.units;

/** A text is not a quantity, or is of another kind than expected. */
public final class QuantityException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  QuantityException(String message) {
    super(message);
  }
}
