package dev.flopmeter.model.equation;

import java.util.List;
import org.jspecify.annotations.Nullable;

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
