package dev.flopmeter.model.equation;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a definition's equations see. */
record Scope(Host host, Map<String, Object> variables) {
  /** Computes a value, number, text, flag, data type, list of these, or numbers by name. */
  @FunctionalInterface
  interface Term {
    Object in(Scope scope);
  }

  /** Changes the scope, or returns the results of the definition. */
  @FunctionalInterface
  interface Statement {
    @Nullable List<Object> run(Scope scope);
  }

  /** The results of the first statement that has some. */
  @Nullable List<Object> run(List<Statement> statements) {
    List<Object> results = null;
    for (int i = 0; i < statements.size() && results == null; i++) {
      results = statements.get(i).run(this);
    }
    return results;
  }
}
