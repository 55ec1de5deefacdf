package dev.flopmeter.model;

/**
 * A model, or a request for it, is invalid. The message is one line for the user: what is wrong,
 * where (file, node, input) and, if known, what to do.
 */
public class ModelException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public ModelException(String message) {
    super(message);
  }

  public ModelException(String message, Throwable cause) {
    super(message, cause);
  }

  /** The same error with its place in front. */
  public ModelException at(String place) {
    return new ModelException(place + ": " + getMessage(), this);
  }
}
