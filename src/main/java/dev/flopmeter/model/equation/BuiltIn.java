package dev.flopmeter.model.equation;

import java.util.List;

/**
 * A function that is not written as equations.
 *
 * @param least how many arguments it takes
 * @param most likewise
 */
public record BuiltIn(int least, int most, Rule<Host> rule) {
  /**
   * From the arguments of a call.
   *
   * @param <H> what the equations are written into
   */
  @FunctionalInterface
  public interface Rule<H extends Host> {
    /** The result of one call. */
    Object of(H host, List<Object> arguments);
  }

  /** A function of so many arguments. */
  @SuppressWarnings("unchecked") // a dialect's functions are called by its own hosts alone
  public static <H extends Host> BuiltIn of(int arguments, Rule<H> rule) {
    return new BuiltIn(arguments, arguments, (Rule<Host>) rule);
  }

  boolean takes(int arguments) {
    return arguments >= least && arguments <= most;
  }
}
