package dev.flopmeter.model.equation;

import dev.flopmeter.model.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the terms of one line.
 *
 * @param definitions of the file
 * @param attributes of the definition
 * @param variables that have a value by now, with their places
 */
record TermParser(
    Dialect dialect,
    Map<String, Definition> definitions,
    Map<String, Term> attributes,
    Map<String, Integer> variables,
    Tokens tokens) {
  Term term() {
    Term condition = between(0);
    if (!tokens.accept("?")) {
      return condition;
    }
    Term then = term();
    tokens.expect(":");
    Term otherwise = term();
    return new Term.Choice(condition, then, otherwise);
  }

  /** A term that ends before a comparison, because {@code >} may follow it. */
  Term number() {
    return between(Sign.SUM);
  }

  /** Terms joined by operators of {@code level}, and tighter ones between them. */
  private Term between(int level) {
    Term left =
        level <= Sign.COMPARISON && tokens.accept("not")
            ? new Term.Not(between(Sign.COMPARISON))
            : factor();
    Sign next = Sign.of(tokens.peek());
    while (next != null && next.level >= level) {
      tokens.take();
      left = new Term.Operation(next, left, between(next.level + 1));
      next = Sign.of(tokens.peek());
    }
    return left;
  }

  private Term factor() {
    if (tokens.accept("-")) {
      return new Term.Operation(Sign.MINUS, new Term.Constant(0L), factor());
    }
    Term value = primary();
    while (true) {
      if (tokens.accept("[")) {
        Term index = term();
        tokens.expect("]");
        value = new Term.Element(value, index);
      } else if (tokens.accept(".")) {
        value = new Term.Member(value, tokens.take());
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
      return new Term.Constant(number);
    } else if (first == '"') {
      return text(token.substring(1, token.length() - 1));
    } else if (first == '(') {
      Term inner = term();
      tokens.expect(")");
      return inner;
    } else if (first == '[') {
      return new Term.Joined(terms("]"));
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
      return new Term.Constant(text);
    }
    int close = text.indexOf('}', open);
    String before = text.substring(0, open);
    Tokens within = tokens.within(text.substring(open + 1, close));
    Term shown = new TermParser(dialect, definitions, attributes, variables, within).term();
    Term rest = text(text.substring(close + 1));
    return new Term.Text(before, shown, rest);
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
          return new Term.Constant(type);
        }
      }
      throw tokens.wrong("a data type", name);
    }
    if (!definitions.containsKey(name) && !dialect.isOperator(name)) {
      throw tokens.wrong("an operator", name);
    }
    return node(new Term.Constant(name));
  }

  /** After an operator: the number of its outputs in brackets, attributes, inputs. */
  private Term node(Term operator) {
    Term outputs = null;
    if (tokens.accept("[")) {
      outputs = term();
      tokens.expect("]");
    }
    List<Term.Given> given = new ArrayList<>();
    while (tokens.accept("<") || tokens.accept(",")) {
      given.add(given());
    }
    if (!given.isEmpty()) {
      tokens.expect(">");
    }
    tokens.expect("(");
    boolean isWhole = tokens.accept("*");
    List<Term> inputs = terms(")");
    return new Term.Node(operator, outputs, given, isWhole ? null : inputs);
  }

  /** An attribute of a node: {@code *}, {@code name} or {@code name=value}. */
  private Term.Given given() {
    String name = tokens.accept("*") ? "" : tokens.take();
    return new Term.Given(name, tokens.accept("=") ? number() : null);
  }

  /** A variable, constant or call. A function without a definition may be the host's operator. */
  private Term named(String name) {
    if (tokens.peek().equals("(")) {
      Definition definition = definitions.get(name);
      BuiltIn function = definition == null ? function(name) : null;
      if (definition == null && function == null && dialect.isOperator(name)) {
        return node(new Term.Constant(name));
      }
      tokens.take();
      List<Term> arguments = terms(")");
      return definition == null
          ? builtIn(name, function, arguments)
          : call(name, definition, arguments);
    }
    if (!variables.containsKey(name) && dialect.isOperator(name)) {
      return node(new Term.Constant(name));
    }
    return switch (name) {
      case "none" -> new Term.Constant(Value.NONE);
      case "true", "false" -> new Term.Constant(name.equals("true"));
      default -> {
        Integer place = variables.get(name);
        if (place == null) {
          throw tokens.wrong("a variable", name);
        }
        yield new Term.Variable(place, name);
      }
    };
  }

  /** A function of the dialect or of all files. */
  private @Nullable BuiltIn function(String name) {
    BuiltIn own = dialect.function(name);
    return own == null ? Terms.function(name) : own;
  }

  private Term call(String name, Definition definition, List<Term> arguments) {
    if (definition.parameterCount() != arguments.size()) {
      String wanted = definition.parameterCount() + " arguments of " + name;
      throw tokens.wrong(wanted, arguments.size() + "");
    }
    return new Term.Call(definition, arguments);
  }

  private Term builtIn(String name, @Nullable BuiltIn function, List<Term> arguments) {
    if (function == null || !function.takes(arguments.size())) {
      throw tokens.wrong("a function of " + arguments.size() + " arguments", name);
    }
    return new Term.BuiltInCall(function, arguments);
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
    return List.copyOf(terms);
  }
}
