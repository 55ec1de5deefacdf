package dev.flopmeter.model.equation;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A function that is not defined by equations.
 *
 * @param least minimum number of arguments
 * @param most maximum number
 */
public record BuiltIn(int least, int most, Rule<Host> rule) {
  /**
   * Computes the result from a call's arguments.
   *
   * @param <H> the host of the equations
   */
  @FunctionalInterface
  public interface Rule<H extends Host> {
    /** The result of one call. */
    Object of(H host, List<Object> arguments);
  }

  /** A function with a fixed number of arguments. */
  @SuppressWarnings("unchecked") // only a dialect's own hosts call its functions
  public static <H extends Host> BuiltIn of(int arguments, Rule<H> rule) {
    return new BuiltIn(arguments, arguments, (Rule<Host>) rule);
  }

  /**
   * The function of a name, if it is listed.
   *
   * @param byArguments the names of functions without arguments, of those with one, and so on
   */
  public static <H extends Host> @Nullable BuiltIn listed(
      String name, Rule<H> rule, String... byArguments) {
    for (int i = 0; i < byArguments.length; i++) {
      if (List.of(byArguments[i].split(" ", -1)).contains(name)) {
        return of(i, rule);
      }
    }
    return null;
  }

  boolean takes(int arguments) {
    return arguments >= least && arguments <= most;
  }
}
