package dev.flopmeter.model.equation;

/**
 * A tensor in equations.
 *
 * @param name empty if it is omitted
 * @param input the index of the node's input, -1 if it is not one
 */
public record Value(String name, int input) {
  /** An omitted tensor. */
  public static final Value NONE = new Value("", -1);

  /** Whether a term is an omitted tensor. */
  public static boolean isLeftOut(Object term) {
    return term instanceof Value value && value.name().isEmpty();
  }
}
