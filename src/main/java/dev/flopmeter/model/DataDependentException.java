package dev.flopmeter.model;

/** The shape of a value depends on data that is only available at run time. */
public final class DataDependentException extends ModelException {
  private static final long serialVersionUID = 1L;

  public DataDependentException(String value) {
    super("the shape of '" + value + "' depends on data");
  }
}
