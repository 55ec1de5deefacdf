package dev.flopmeter.run;

import dev.flopmeter.model.ModelException;

/** A backend has no kernel for an operator or cannot run a model; {@code count} still works. */
public final class UnsupportedOperatorException extends ModelException {
  private static final long serialVersionUID = 1L;

  /**
   * @param backend the backend's name
   * @param op the qualified operator
   * @param where the node, or its unsupported aspect
   */
  public UnsupportedOperatorException(String backend, String op, String where) {
    super("the backend '" + backend + "' cannot run the operator " + op + " (" + where + ")");
  }

  /**
   * @param backend the backend's name
   * @param reason why it refuses the whole model
   */
  public UnsupportedOperatorException(String backend, String reason) {
    super("the backend '" + backend + "' cannot " + reason);
  }

  /** This error itself: its message names the place. */
  @Override
  public UnsupportedOperatorException at(String place) {
    return this;
  }
}
