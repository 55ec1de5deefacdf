package dev.flopmeter.model;

/**
 * A model, or what was asked of it, is wrong. The message is one line for the user: what is wrong,
 * where (file, node, input) and, where it can be said, what to do.
 */
public class ModelException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public ModelException(String message) {
    super(message);
  }

  public ModelException(String message, Throwable cause) {
    super(message, cause);
  }

  /** The same fault, with the place where it was met put in front. */
  public ModelException at(String place) {
    return new ModelException(place + ": " + getMessage(), this);
  }
}
