package dev.flopmeter.model.equation;

import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What the equations of one file can use. */
public interface Dialect {
  /** The name of the file, for errors. */
  String file();

  /** A function beside those of all files, made when a line calls it; null if there is none. */
  @Nullable BuiltIn function(String name);

  /** Whether nodes of an operator may be written. */
  default boolean isOperator(String name) {
    return false;
  }

  /** A dialect of commands that need not be over in a moment. */
  record Of(String file, Function<String, @Nullable BuiltIn> functions, Predicate<String> operators)
      implements Dialect {
    @Override
    public @Nullable BuiltIn function(String name) {
      return functions.apply(name);
    }

    @Override
    public boolean isOperator(String name) {
      return operators.test(name);
    }
  }
}
