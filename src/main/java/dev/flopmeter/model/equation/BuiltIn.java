package dev.flopmeter.model.equation;

import java.util.List;

/**
 * A function that is not written as equations.
 *
 * @param least how many arguments it takes
 * @param most likewise
 */
public record BuiltIn(int least, int most, Rule rule) {
  /** From the arguments of a call. */
  @FunctionalInterface
  public interface Rule {
    /** The result of one call. */
    Object of(Host host, List<Object> arguments);
  }

  /** A function of so many arguments. */
  public static BuiltIn of(int arguments, Rule rule) {
    return new BuiltIn(arguments, arguments, rule);
  }

  boolean takes(int arguments) {
    return arguments >= least && arguments <= most;
  }
}
