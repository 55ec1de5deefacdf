package dev.flopmeter.model.equation;

import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What the equations of one file can use.
 *
 * @param file its name, for errors
 * @param functions by name, beside those of all files. Each is made when a line calls it: to make
 *     them all would lengthen short commands
 * @param isOperator whether nodes of an operator may be written
 */
public record Dialect(
    String file, Function<String, @Nullable BuiltIn> functions, Predicate<String> isOperator) {
  /** A function of its own or of all files. */
  @Nullable BuiltIn function(String name) {
    BuiltIn own = functions.apply(name);
    return own == null ? Terms.function(name) : own;
  }
}
