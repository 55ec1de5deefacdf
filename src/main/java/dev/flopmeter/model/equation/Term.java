package dev.flopmeter.model.equation;

import dev.flopmeter.model.Attributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A part of an equation. Its value is a number, text, flag, data type, list of these, or numbers by
 * name. These are records, not lambdas: at the start of Java, each lambda takes longer than the
 * equation it stands in.
 */
sealed interface Term {
  /** Its value for one call of the definition. */
  Object in(Scope scope);

  /** The values of all. */
  static List<Object> all(List<Term> terms, Scope scope) {
    Object[] all = new Object[terms.size()];
    for (int i = 0; i < all.length; i++) {
      all[i] = terms.get(i).in(scope);
    }
    return Arrays.asList(all);
  }

  /** A number, text, flag or data type. */
  record Constant(Object value) implements Term {
    @Override
    public Object in(Scope scope) {
      return value;
    }
  }

  /** A variable that has a value by now. */
  record Variable(int place, String name) implements Term {
    @Override
    public Object in(Scope scope) {
      return Objects.requireNonNull(scope.variables()[place], name);
    }
  }

  /** {@code condition ? then : otherwise}. */
  record Choice(Term condition, Term then, Term otherwise) implements Term {
    @Override
    public Object in(Scope scope) {
      return (boolean) condition.in(scope) ? then.in(scope) : otherwise.in(scope);
    }
  }

  /** {@code not term}. */
  record Not(Term term) implements Term {
    @Override
    public Object in(Scope scope) {
      return !(boolean) term.in(scope);
    }
  }

  /** Two terms with a sign or word between them. */
  record Operation(Sign sign, Term left, Term right) implements Term {
    @Override
    public Object in(Scope scope) {
      return switch (sign) {
        case OR -> (boolean) left.in(scope) || (boolean) right.in(scope);
        case AND -> (boolean) left.in(scope) && (boolean) right.in(scope);
        default -> Terms.operation(scope.host(), sign, left.in(scope), right.in(scope));
      };
    }
  }

  /** {@code list[index]}. */
  record Element(Term list, Term index) implements Term {
    @Override
    public Object in(Scope scope) {
      return Terms.element(list.in(scope), index.in(scope));
    }
  }

  /** {@code numbers.name}. */
  record Member(Term numbers, String name) implements Term {
    @Override
    public Object in(Scope scope) {
      return Objects.requireNonNull(((Map<?, ?>) numbers.in(scope)).get(name), name);
    }
  }

  /** A text with a term in braces between its parts. */
  record Text(String before, Term shown, Term rest) implements Term {
    @Override
    public Object in(Scope scope) {
      return before + scope.host().shown(shown.in(scope)) + rest.in(scope);
    }
  }

  /** {@code [term, ...]}; lists among the terms are taken apart. */
  record Joined(List<Term> terms) implements Term {
    @Override
    public List<Object> in(Scope scope) {
      List<Object> all = new ArrayList<>();
      for (int i = 0; i < terms.size(); i++) {
        Object value = terms.get(i).in(scope);
        if (value instanceof List<?> list) {
          all.addAll(list);
        } else {
          all.add(value);
        }
      }
      return all;
    }
  }

  /** An attribute that the node has, or is as if it had. */
  record Defaulted(String name, Term absent) implements Term {
    @Override
    public Object in(Scope scope) {
      return Terms.attribute(scope.host().attributes(), name, absent.in(scope));
    }
  }

  /** An attribute of a type that has no default. */
  record Typed(String name, String type, boolean isOptional) implements Term {
    @Override
    public Object in(Scope scope) {
      Attributes all = scope.host().attributes();
      return isOptional && !all.has(name) ? Value.NONE : Terms.required(all, name, type);
    }
  }

  /** The call of a definition. */
  record Call(Definition definition, List<Term> arguments) implements Term {
    @Override
    public Object in(Scope scope) {
      return definition.called(scope.host(), all(arguments, scope));
    }
  }

  /** The call of a function that is not written as equations. */
  record BuiltInCall(BuiltIn function, List<Term> arguments) implements Term {
    @Override
    public Object in(Scope scope) {
      return function.rule().of(scope.host(), all(arguments, scope));
    }
  }

  /**
   * A node that is written.
   *
   * @param outputs how many it has; null for one, which is then no list
   * @param given its attributes
   * @param inputs its inputs; null for all of the host's
   */
  record Node(Term operator, @Nullable Term outputs, List<Given> given, @Nullable List<Term> inputs)
      implements Term {
    @Override
    public Object in(Scope scope) {
      Host host = scope.host();
      Map<String, Object> attributes = new LinkedHashMap<>();
      for (Given each : given) {
        each.addTo(attributes, scope);
      }
      List<Object> read = inputs == null ? List.copyOf(host.inputs()) : all(inputs, scope);
      int count = outputs == null ? 1 : (int) (long) outputs.in(scope);
      List<?> results = host.add(count, (String) operator.in(scope), attributes, read);
      return outputs == null ? results.get(0) : results;
    }
  }

  /**
   * An attribute of a node that is written.
   *
   * @param name empty for all that the host has
   * @param value null for the host's own
   */
  record Given(String name, @Nullable Term value) {
    void addTo(Map<String, Object> attributes, Scope scope) {
      Map<String, Object> own = scope.host().attributes().asMap();
      if (name.isEmpty()) {
        attributes.putAll(own);
        return;
      }
      Object given = value == null ? own.getOrDefault(name, Value.NONE) : value.in(scope);
      if (!(given instanceof Value)) {
        attributes.put(name, given);
      }
    }
  }
}
