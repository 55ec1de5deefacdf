package dev.flopmeter.model.equation;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;

/**
 * What the equations of one file can use.
 *
 * @param file its name, for errors
 * @param functions beside those of its own and of all files
 * @param isOperator whether nodes of an operator may be written
 */
public record Dialect(String file, Map<String, BuiltIn> functions, Predicate<String> isOperator) {
  /** Adds the functions of all files. */
  public Dialect {
    Map<String, BuiltIn> all = new HashMap<>(Terms.FUNCTIONS);
    all.putAll(functions);
    functions = Map.copyOf(all);
  }
}
