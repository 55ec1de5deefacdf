package dev.flopmeter.model.equation;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the equations of a definition see in one call.
 *
 * @param variables their values, by the places that the definition gives them
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Scope(Host host, @Nullable Object[] variables) {
  /** The results of the first statement that has some. */
  @Nullable List<Object> run(List<Statement> statements) {
    List<Object> results = null;
    for (int i = 0; i < statements.size() && results == null; i++) {
      results = statements.get(i).run(this);
    }
    return results;
  }
}
