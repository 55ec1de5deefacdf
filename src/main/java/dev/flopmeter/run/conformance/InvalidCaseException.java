package dev.flopmeter.run.conformance;

import dev.flopmeter.model.ModelException;

/** The files of a case are missing or unreadable, or do not fit each other. */
final class InvalidCaseException extends ModelException {
  private static final long serialVersionUID = 1L;

  InvalidCaseException(String message) {
    super(message);
  }

  InvalidCaseException(ModelException cause) {
    super(String.valueOf(cause.getMessage()), cause);
  }
}
