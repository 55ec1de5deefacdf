package dev.flopmeter.model.equation;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What the equations of a definition see in one call. */
final class Scope {
  private final Host host;
  private final @Nullable Object[] variables;

  /**
   * @param variables how many the definition has, its parameters first
   */
  Scope(Host host, int variables) {
    this.host = host;
    this.variables = new Object[variables];
  }

  Host host() {
    return host;
  }

  /** The value of a variable, by its place among those of the definition. */
  Object variable(int place, String name) {
    return Objects.requireNonNull(variables[place], name);
  }

  void set(int place, Object value) {
    variables[place] = value;
  }

  /** The results of the first statement that has any. */
  @Nullable List<Object> run(List<Statement> statements) {
    List<Object> results = null;
    for (int i = 0; i < statements.size() && results == null; i++) {
      results = statements.get(i).run(this);
    }
    return results;
  }
}
