package dev.flopmeter.model.equation;

import dev.flopmeter.model.ModelException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A line of a definition, with the lines below it that it decides about. */
sealed interface Statement {
  /** Changes the scope, or returns the results of the definition. */
  @Nullable List<Object> run(Scope scope);

  /** {@code return term, ...}. */
  record Results(Term.Joined terms) implements Statement {
    @Override
    public List<Object> run(Scope scope) {
      return terms.in(scope);
    }
  }

  /** {@code require}, else an error of the model, or {@code refuse}, a form not covered. */
  record Check(boolean isRefusal, Term condition, Term message) implements Statement {
    @Override
    public @Nullable List<Object> run(Scope scope) {
      if ((boolean) condition.in(scope) == isRefusal) {
        String text = (String) message.in(scope);
        throw isRefusal ? scope.host().refusal(text) : new ModelException(text);
      }
      return null;
    }
  }

  /** {@code if condition} and {@code else}. */
  record Choice(Term condition, List<Statement> then, List<Statement> otherwise)
      implements Statement {
    @Override
    public @Nullable List<Object> run(Scope scope) {
      return scope.run((boolean) condition.in(scope) ? then : otherwise);
    }
  }

  /** {@code for index in from .. to}, without {@code to}. */
  record Loop(int index, Term from, Term to, List<Statement> repeated) implements Statement {
    @Override
    public @Nullable List<Object> run(Scope scope) {
      long end = (Long) to.in(scope);
      for (long i = (Long) from.in(scope); i < end; i++) {
        scope.variables()[index] = i;
        scope.run(repeated);
      }
      return null;
    }
  }

  /**
   * {@code name, ... = term}.
   *
   * @param variables none for a call that is made for its errors or its nodes alone
   * @param place file and line, for errors
   */
  record Assignment(List<Integer> variables, Term term, String place) implements Statement {
    @Override
    public @Nullable List<Object> run(Scope scope) {
      Object value = term.in(scope);
      int count = variables.size();
      List<?> all = count == 1 ? List.of(value) : Terms.list(value);
      if (count > 0 && all.size() != count) {
        throw new ModelException(
            "a list of %s where %s are needed (%s)".formatted(all.size(), count, place));
      }
      for (int i = 0; i < count; i++) {
        scope.variables()[variables.get(i)] = all.get(i);
      }
      return null;
    }
  }
}
