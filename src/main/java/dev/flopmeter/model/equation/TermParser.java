package dev.flopmeter.model.equation;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.equation.Scope.Term;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads the terms of one line.
 *
 * @param definitions of the file
 * @param attributes of the definition
 * @param variables that have a value by now
 */
record TermParser(
    Dialect dialect,
    Map<String, Definition> definitions,
    Map<String, Term> attributes,
    Set<String> variables,
    Tokens tokens) {
  private static final int COMPARISON = 2;
  private static final int SUM = 3;

  Term term() {
    Term condition = between(0);
    if (!tokens.accept("?")) {
      return condition;
    }
    Term then = term();
    tokens.expect(":");
    Term otherwise = term();
    return scope -> (boolean) condition.in(scope) ? then.in(scope) : otherwise.in(scope);
  }

  /** A term that ends before a comparison, since it may precede {@code >}. */
  Term number() {
    return between(SUM);
  }

  /** Terms with signs of {@code level} and those that bind more between them. */
  private Term between(int level) {
    Term left = level <= COMPARISON && tokens.accept("not") ? not(between(COMPARISON)) : factor();
    for (int next = level(tokens.peek()); next >= level; next = level(tokens.peek())) {
      left = operation(tokens.take(), left, between(next + 1));
    }
    return left;
  }

  /** How much a sign between two terms binds; -1 for what is none. */
  private static int level(String sign) {
    return switch (sign) {
      case "or" -> 0;
      case "and" -> 1;
      case "==", "!=", "<", "<=", ">", ">=" -> COMPARISON;
      case "+", "-" -> SUM;
      case "*", "/", "%" -> SUM + 1;
      default -> -1;
    };
  }

  private static Term not(Term term) {
    return scope -> !(boolean) term.in(scope);
  }

  private static Term operation(String sign, Term left, Term right) {
    return switch (sign) {
      case "or" -> scope -> (boolean) left.in(scope) || (boolean) right.in(scope);
      case "and" -> scope -> (boolean) left.in(scope) && (boolean) right.in(scope);
      default -> scope -> Terms.operation(scope.host(), sign, left.in(scope), right.in(scope));
    };
  }

  private static Term constant(Object value) {
    return scope -> value;
  }

  private Term factor() {
    if (tokens.accept("-")) {
      return operation("-", constant(0L), factor());
    }
    Term value = primary();
    while (true) {
      Term of = value;
      if (tokens.accept("[")) {
        Term index = term();
        tokens.expect("]");
        value = scope -> Terms.element(of.in(scope), index.in(scope));
      } else if (tokens.accept(".")) {
        String name = tokens.take();
        value = scope -> Objects.requireNonNull(((Map<?, ?>) of.in(scope)).get(name), name);
      } else {
        return value;
      }
    }
  }

  private Term primary() {
    String token = tokens.take();
    char first = token.charAt(0);
    if (Character.isDigit(first)) {
      boolean isInteger = token.indexOf('.') < 0 && token.indexOf('e') < 0;
      Object number = isInteger ? (Object) Long.valueOf(token) : (Object) Double.valueOf(token);
      return constant(number);
    } else if (first == '"') {
      return text(token.substring(1, token.length() - 1));
    } else if (first == '(') {
      Term inner = term();
      tokens.expect(")");
      return inner;
    } else if (first == '[') {
      List<Term> parts = terms("]");
      return scope -> flat(parts, scope);
    } else if (first == '{') {
      Term operator = term();
      tokens.expect("}");
      return node(operator);
    } else if (first == '@') {
      return ownAttribute(tokens.take());
    }
    return token.contains(":") || Character.isUpperCase(first) ? operator(token) : named(token);
  }

  /** A text with terms in braces. */
  private Term text(String text) {
    int open = text.indexOf('{');
    if (open < 0) {
      return constant(text);
    }
    int close = text.indexOf('}', open);
    String before = text.substring(0, open);
    Tokens within = tokens.within(text.substring(open + 1, close));
    Term shown = new TermParser(dialect, definitions, attributes, variables, within).term();
    Term rest = text(text.substring(close + 1));
    return scope -> before + scope.host().shown(shown.in(scope)) + rest.in(scope);
  }

  private Term ownAttribute(String name) {
    Term attribute = attributes.get(name);
    if (attribute == null) {
      throw tokens.wrong("an attribute of the definition", name);
    }
    return attribute;
  }

  private Term operator(String name) {
    if (!Set.of("[", "<", "(").contains(tokens.peek())) {
      for (DataType type : DataType.values()) {
        if (type.name().equals(name)) {
          return constant(type);
        }
      }
      throw tokens.wrong("a data type", name);
    }
    if (!definitions.containsKey(name) && !dialect.isOperator().test(name)) {
      throw tokens.wrong("an operator", name);
    }
    return node(constant(name));
  }

  /** Behind an operator: the number of its outputs in brackets, attributes, inputs. */
  private Term node(Term operator) {
    boolean isList = tokens.accept("[");
    Term count = isList ? term() : constant(1L);
    if (isList) {
      tokens.expect("]");
    }
    List<BiConsumer<Scope, Map<String, Object>>> changes = new ArrayList<>();
    while (tokens.accept("<") || tokens.accept(",")) {
      changes.add(given());
    }
    if (!changes.isEmpty()) {
      tokens.expect(">");
    }
    tokens.expect("(");
    boolean isWhole = tokens.accept("*");
    List<Term> inputs = terms(")");
    return scope -> {
      Map<String, Object> given = new LinkedHashMap<>();
      for (BiConsumer<Scope, Map<String, Object>> change : changes) {
        change.accept(scope, given);
      }
      List<Object> terms = isWhole ? List.copyOf(scope.host().inputs()) : all(inputs, scope);
      int outputs = (int) (long) count.in(scope);
      List<?> results = scope.host().add(outputs, (String) operator.in(scope), given, terms);
      return isList ? results : results.get(0);
    };
  }

  /** An attribute of a node: {@code *}, {@code name} or {@code name=value}. */
  private BiConsumer<Scope, Map<String, Object>> given() {
    if (tokens.accept("*")) {
      return (scope, all) -> all.putAll(scope.host().attributes().asMap());
    }
    String name = tokens.take();
    Term value =
        tokens.accept("=")
            ? number()
            : scope -> scope.host().attributes().asMap().getOrDefault(name, Value.NONE);
    return (scope, all) -> {
      Object given = value.in(scope);
      if (!(given instanceof Value)) {
        all.put(name, given);
      }
    };
  }

  /** A variable, constant or call. A function that no file defines may be the host's operator. */
  private Term named(String name) {
    if (tokens.peek().equals("(")) {
      Definition definition = definitions.get(name);
      BuiltIn function = definition == null ? dialect.function(name) : null;
      if (definition == null && function == null && dialect.isOperator().test(name)) {
        return node(constant(name));
      }
      tokens.take();
      List<Term> arguments = terms(")");
      return definition == null
          ? builtIn(name, function, arguments)
          : call(name, definition, arguments);
    }
    if (!variables.contains(name) && dialect.isOperator().test(name)) {
      return node(constant(name));
    }
    return switch (name) {
      case "none" -> constant(Value.NONE);
      case "true", "false" -> constant(name.equals("true"));
      default -> {
        if (!variables.contains(name)) {
          throw tokens.wrong("a variable", name);
        }
        yield scope -> Objects.requireNonNull(scope.variables().get(name), name);
      }
    };
  }

  private Term call(String name, Definition definition, List<Term> arguments) {
    if (definition.parameterCount() != arguments.size()) {
      String wanted = definition.parameterCount() + " arguments of " + name;
      throw tokens.wrong(wanted, arguments.size() + "");
    }
    return scope -> {
      List<Object> results = definition.of(scope.host(), all(arguments, scope));
      return results.size() == 1 ? results.get(0) : results;
    };
  }

  private Term builtIn(String name, @Nullable BuiltIn function, List<Term> arguments) {
    if (function == null || !function.takes(arguments.size())) {
      throw tokens.wrong("a function of " + arguments.size() + " arguments", name);
    }
    return scope -> function.rule().of(scope.host(), all(arguments, scope));
  }

  /** Terms with commas between them. */
  List<Term> terms(String end) {
    List<Term> terms = new ArrayList<>();
    while (!tokens.accept(end)) {
      if (!terms.isEmpty()) {
        tokens.expect(",");
      }
      terms.add(term());
    }
    return terms;
  }

  private static List<Object> all(List<Term> terms, Scope scope) {
    List<Object> all = new ArrayList<>();
    for (Term term : terms) {
      all.add(term.in(scope));
    }
    return all;
  }

  /** Lists among the terms are taken apart. */
  static List<Object> flat(List<Term> terms, Scope scope) {
    List<Object> all = new ArrayList<>();
    for (Term term : terms) {
      all.addAll(Terms.list(term.in(scope)));
    }
    return all;
  }
}
