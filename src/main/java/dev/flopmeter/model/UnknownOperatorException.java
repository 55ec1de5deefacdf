package dev.flopmeter.model;

/** An operator of ONNX's own domain, or a form of one, that flopmeter has no rules for. */
public final class UnknownOperatorException extends ModelException {
  private static final long serialVersionUID = 1L;

  public UnknownOperatorException(String message) {
    super(message);
  }

  private UnknownOperatorException(String message, Throwable cause) {
    super(message, cause);
  }

  @Override
  public UnknownOperatorException at(String place) {
    return new UnknownOperatorException(place + ": " + getMessage(), this);
  }
}
