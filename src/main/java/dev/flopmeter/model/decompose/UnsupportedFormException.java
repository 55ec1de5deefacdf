package dev.flopmeter.model.decompose;

import dev.flopmeter.model.ModelException;

/** A form of an operator that its decomposition does not cover. */
public final class UnsupportedFormException extends ModelException {
  private static final long serialVersionUID = 1L;

  UnsupportedFormException(String form) {
    super(form);
  }
}
