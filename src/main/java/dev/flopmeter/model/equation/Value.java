package dev.flopmeter.model.equation;

/**
 * A tensor that equations speak of.
 *
 * @param name empty if it is left out
 * @param input which input of the node it is, -1 for none
 */
public record Value(String name, int input) {
  /** What is left out. */
  public static final Value NONE = new Value("", -1);

  /** Whether a term is left out; what is no tensor is not. */
  public static boolean isLeftOut(Object term) {
    return term instanceof Value value && value.name().isEmpty();
  }
}
