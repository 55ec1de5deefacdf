package dev.flopmeter.model.decompose;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.decompose.Body.Value;
import dev.flopmeter.model.decompose.BodyTable.Definition;
import dev.flopmeter.model.decompose.BodyTable.Equations;
import dev.flopmeter.model.decompose.BodyTable.Line;
import dev.flopmeter.model.decompose.BodyTable.Scope;
import dev.flopmeter.model.decompose.BodyTable.Statement;
import dev.flopmeter.model.decompose.BodyTable.Term;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Reads one definition of {@code bodies.txt}. An unknown name, operator or attribute and a wrong
 * number of arguments are errors here, with the line, and not when a network needs the definition.
 */
final class BodyParser {
  private static final Pattern TOKEN =
      Pattern.compile(
          "[a-z][a-z.]*:[A-Z]\\w*|[A-Za-z_]\\w*|\\d+(?:\\.\\d+)?(?:e-?\\d+)?|\"[^\"]*\""
              + "|[=!<>]=|\\.\\.|\\S");

  private static final String END = "the end of the line";

  private final Map<String, Definition> definitions;
  private final List<Line> lines;
  private final Map<String, Function<Attributes, Object>> attributes = new HashMap<>();
  private final Set<String> variables = new HashSet<>();
  private int next;
  private int number;
  private List<String> tokens = List.of();
  private int at;

  BodyParser(Map<String, Definition> definitions, List<Line> lines) {
    this.definitions = definitions;
    this.lines = joined(lines);
  }

  /** Lines with those that continue them: after a comma or within brackets, or a header's. */
  private static List<Line> joined(List<Line> lines) {
    List<Line> joined = new ArrayList<>();
    int open = 0;
    for (Line line : lines) {
      int last = joined.size() - 1;
      boolean continues =
          last >= 0
              && (open > 0
                  || joined.get(last).text().endsWith(",")
                  || "(<".indexOf(line.text().charAt(0)) >= 0);
      if (continues) {
        Line before = joined.get(last);
        String text = before.text() + " " + line.text();
        joined.set(last, new Line(before.number(), before.indentation(), text));
      } else {
        joined.add(line);
      }
      open += line.text().replaceAll("[^(\\[]", "").length();
      open -= line.text().replaceAll("[^)\\]]", "").length();
    }
    return joined;
  }

  Equations definition() {
    start();
    take();
    List<String> parameters = new ArrayList<>();
    expect("(");
    while (!accept(")")) {
      parameters.add(take());
      accept(",");
    }
    if (accept("<")) {
      while (!accept(">")) {
        attribute();
        accept(",");
      }
    }
    expect(END);
    variables.addAll(parameters);
    return new Equations(parameters, block());
  }

  /** {@code name = default}, {@code name: type} or {@code name: type?}. */
  private void attribute() {
    String name = take();
    if (accept("=")) {
      attributes.put(name, withDefault(name, literal()));
      return;
    }
    expect(":");
    String type = take();
    Function<Attributes, Object> required =
        switch (type) {
          case "int" -> of -> of.integer(name);
          case "float" -> of -> (double) of.number(name);
          case "string" -> of -> of.text(name);
          case "ints" -> of -> BodyFunctions.list(of.integers(name).orElseThrow());
          case "floats" -> of -> BodyFunctions.list(of.numbers(name).orElseThrow());
          case "strings" -> of -> List.<Object>copyOf(of.texts(name).orElseThrow());
          default -> throw wrong("a type", type);
        };
    boolean isOptional = accept("?");
    attributes.put(name, of -> isOptional && !of.has(name) ? Value.NONE : required.apply(of));
  }

  private Object literal() {
    if (accept("[")) {
      List<Object> list = new ArrayList<>();
      while (!accept("]")) {
        list.add(literal());
        accept(",");
      }
      return list;
    }
    String sign = accept("-") ? "-" : "";
    String token = take();
    return switch (token.charAt(0)) {
      case '"' -> token.substring(1, token.length() - 1);
      case 't', 'f' -> token.equals("true");
      default -> number(sign + token);
    };
  }

  private static Object number(String token) {
    boolean isInteger = token.matches("-?\\d+");
    return isInteger ? (Object) Long.valueOf(token) : (Object) Double.valueOf(token);
  }

  private static Function<Attributes, Object> withDefault(String name, Object absent) {
    if (absent instanceof Long integer) {
      return of -> of.integer(name, integer);
    } else if (absent instanceof Double real) {
      return of -> (double) of.number(name, real.floatValue());
    } else if (absent instanceof Boolean flag) {
      return of -> of.flag(name, flag);
    } else if (absent instanceof String text) {
      return of -> of.text(name, text);
    }
    return of -> of.integers(name).<Object>map(BodyFunctions::list).orElse(absent);
  }

  /** The lines of at least the next one's indentation. */
  private List<Statement> block() {
    int indentation = lines.get(next).indentation();
    List<Statement> statements = new ArrayList<>();
    while (next < lines.size() && lines.get(next).indentation() >= indentation) {
      start();
      statements.add(statement());
    }
    return statements;
  }

  private Statement statement() {
    if (accept("return")) {
      List<Term> results = terms(END);
      return scope -> flat(results, scope);
    } else if (accept("require")) {
      return condition(true, ModelException::new);
    } else if (accept("refuse")) {
      return condition(false, UnsupportedFormException::new);
    } else if (accept("if")) {
      return choice();
    } else if (accept("for")) {
      return loop();
    }
    return assignment();
  }

  private Statement condition(boolean wanted, Function<String, ModelException> error) {
    Term condition = term();
    expect(",");
    String text = take();
    Term message = message(text.substring(1, text.length() - 1));
    expect(END);
    return scope -> {
      if ((boolean) condition.in(scope) != wanted) {
        throw error.apply((String) message.in(scope));
      }
      return null;
    };
  }

  /** A text with terms in braces. */
  private Term message(String text) {
    int open = text.indexOf('{');
    if (open < 0) {
      return scope -> text;
    }
    int close = text.indexOf('}', open);
    List<String> outer = tokens;
    int outerAt = at;
    tokens = tokens(text.substring(open + 1, close));
    at = 0;
    Term shown = term();
    tokens = outer;
    at = outerAt;
    Term rest = message(text.substring(close + 1));
    return scope -> {
      Object term = shown.in(scope);
      Object plain = term instanceof Value value ? scope.body().type(value).shape() : term;
      return text.substring(0, open) + plain + rest.in(scope);
    };
  }

  private Statement choice() {
    Term condition = term();
    expect(END);
    List<Statement> then = block();
    List<Statement> otherwise = new ArrayList<>();
    if (next < lines.size() && lines.get(next).text().equals("else")) {
      next++;
      otherwise.addAll(block());
    }
    return scope -> scope.run((boolean) condition.in(scope) ? then : otherwise);
  }

  private Statement loop() {
    String index = take();
    variables.add(index);
    expect("in");
    Term from = term();
    expect("..");
    Term to = term();
    expect(END);
    List<Statement> repeated = block();
    return scope -> {
      long end = (Long) to.in(scope);
      for (long i = (Long) from.in(scope); i < end; i++) {
        scope.variables().put(index, i);
        scope.run(repeated);
      }
      return null;
    };
  }

  /** {@code a, b = term}, or a call for its errors alone. */
  private Statement assignment() {
    List<String> names = new ArrayList<>();
    if (tokens.contains("=") && (tokens.get(1).equals("=") || tokens.get(1).equals(","))) {
      do {
        names.add(take());
      } while (accept(","));
      expect("=");
    }
    Term term = term();
    expect(END);
    variables.addAll(names);
    int line = number;
    return scope -> {
      Object value = term.in(scope);
      if (names.size() == 1) {
        scope.variables().put(names.get(0), value);
      }
      for (int i = 0; names.size() > 1 && i < names.size(); i++) {
        List<?> all = (List<?>) value;
        if (all.size() != names.size()) {
          throw new ModelException(
              "a list of %s where %s are needed (bodies.txt:%s)"
                  .formatted(all.size(), names.size(), line));
        }
        scope.variables().put(names.get(i), all.get(i));
      }
      return null;
    };
  }

  private Term term() {
    Term condition = either();
    if (!accept("?")) {
      return condition;
    }
    Term then = term();
    expect(":");
    Term otherwise = term();
    return scope -> (boolean) condition.in(scope) ? then.in(scope) : otherwise.in(scope);
  }

  private Term either() {
    Term left = both();
    while (accept("or")) {
      Term before = left;
      Term after = both();
      left = scope -> (boolean) before.in(scope) || (boolean) after.in(scope);
    }
    return left;
  }

  private Term both() {
    Term left = comparison();
    while (accept("and")) {
      Term before = left;
      Term after = comparison();
      left = scope -> (boolean) before.in(scope) && (boolean) after.in(scope);
    }
    return left;
  }

  private Term comparison() {
    if (accept("not")) {
      Term inner = comparison();
      return scope -> !(boolean) inner.in(scope);
    }
    Term left = sum();
    return Set.of("==", "!=", "<", "<=", ">", ">=").contains(peek())
        ? operation(take(), left, sum())
        : left;
  }

  private Term sum() {
    Term left = product();
    while (peek().equals("+") || peek().equals("-")) {
      left = operation(take(), left, product());
    }
    return left;
  }

  private Term product() {
    Term left = factor();
    while (Set.of("*", "/", "%").contains(peek())) {
      left = operation(take(), left, factor());
    }
    return left;
  }

  private static Term operation(String sign, Term left, Term right) {
    return scope -> BodyFunctions.operation(scope.body(), sign, left.in(scope), right.in(scope));
  }

  private Term factor() {
    if (accept("-")) {
      return operation("-", scope -> 0L, factor());
    }
    Term value = primary();
    while (true) {
      Term of = value;
      if (accept("[")) {
        Term index = term();
        expect("]");
        value = scope -> BodyFunctions.list(of.in(scope)).get((int) (long) index.in(scope));
      } else if (accept(".")) {
        String name = take();
        value = scope -> Objects.requireNonNull(((Map<?, ?>) of.in(scope)).get(name), name);
      } else {
        return value;
      }
    }
  }

  private Term primary() {
    String token = take();
    char first = token.charAt(0);
    if (Character.isDigit(first)) {
      Object constant = number(token);
      return scope -> constant;
    } else if (first == '"') {
      String text = token.substring(1, token.length() - 1);
      return scope -> text;
    } else if (first == '(') {
      Term inner = term();
      expect(")");
      return inner;
    } else if (first == '[') {
      List<Term> parts = terms("]");
      return scope -> flat(parts, scope);
    } else if (first == '{') {
      Term operator = term();
      expect("}");
      return node(operator);
    } else if (first == '@') {
      return ownAttribute(take());
    }
    return token.contains(":") || Character.isUpperCase(first) ? operator(token) : named(token);
  }

  private Term ownAttribute(String name) {
    Function<Attributes, Object> attribute = attributes.get(name);
    if (attribute == null) {
      throw wrong("an attribute of the definition", name);
    }
    return scope -> attribute.apply(scope.body().in().attributes());
  }

  private Term operator(String name) {
    if (!Set.of("[", "<", "(").contains(peek())) {
      DataType type =
          Stream.of(DataType.values())
              .filter(known -> known.name().equals(name))
              .findAny()
              .orElseThrow(() -> wrong("a data type", name));
      return scope -> type;
    }
    if (!definitions.containsKey(name) && Decompositions.typeRule(name).isEmpty()) {
      throw wrong("an operator", name);
    }
    return node(scope -> name);
  }

  /** Behind an operator: the number of its outputs in brackets, attributes, inputs. */
  private Term node(Term operator) {
    boolean isList = accept("[");
    Term count = isList ? term() : scope -> 1L;
    if (isList) {
      expect("]");
    }
    List<BiFunction<Scope, Attributes, Attributes>> changes = new ArrayList<>();
    while (accept("<") || accept(",")) {
      changes.add(given());
    }
    if (!changes.isEmpty()) {
      expect(">");
    }
    expect("(");
    boolean isWhole = accept("*");
    List<Term> inputs = terms(")");
    return scope -> {
      Body body = scope.body();
      Attributes given = Attributes.NONE;
      for (BiFunction<Scope, Attributes, Attributes> change : changes) {
        given = change.apply(scope, given);
      }
      List<Object> terms = isWhole ? new ArrayList<>() : all(inputs, scope);
      for (int i = 0; isWhole && i < body.in().inputCount(); i++) {
        terms.add(body.input(i));
      }
      int outputs = (int) (long) count.in(scope);
      List<Value> results = body.add(outputs, (String) operator.in(scope), given, terms);
      return isList ? results : results.get(0);
    };
  }

  /** An attribute of a node: {@code *}, {@code name} or {@code name=value}. */
  private BiFunction<Scope, Attributes, Attributes> given() {
    if (accept("*")) {
      return (scope, before) -> scope.body().in().attributes();
    }
    String name = take();
    Term value =
        accept("=")
            ? sum()
            : scope -> scope.body().in().attributes().asMap().getOrDefault(name, Value.NONE);
    return (scope, before) -> {
      Object given = BodyFunctions.attribute(value.in(scope));
      return given instanceof Value ? before : before.with(name, given);
    };
  }

  /** A variable, constant or call. */
  private Term named(String name) {
    if (accept("(")) {
      List<Term> arguments = terms(")");
      Definition definition = definitions.get(name);
      return definition == null ? builtIn(name, arguments) : call(name, definition, arguments);
    }
    return switch (name) {
      case "none" -> scope -> Value.NONE;
      case "true", "false" -> scope -> name.equals("true");
      default -> {
        if (!variables.contains(name)) {
          throw wrong("a variable", name);
        }
        yield scope -> Objects.requireNonNull(scope.variables().get(name), name);
      }
    };
  }

  private Term call(String name, Definition definition, List<Term> arguments) {
    if (definition.parameterCount() != arguments.size()) {
      throw wrong(definition.parameterCount() + " arguments of " + name, arguments.size() + "");
    }
    return scope -> {
      List<Object> results = definition.of(scope.body(), all(arguments, scope));
      return results.size() == 1 ? results.get(0) : results;
    };
  }

  private Term builtIn(String name, List<Term> arguments) {
    BodyFunctions.BuiltIn function = BodyFunctions.ALL.get(name);
    if (function == null || !function.takes(arguments.size())) {
      throw wrong("a function of " + arguments.size() + " arguments", name);
    }
    return scope -> function.of(scope.body(), all(arguments, scope));
  }

  private List<Term> terms(String end) {
    List<Term> terms = new ArrayList<>();
    while (!accept(end)) {
      if (!terms.isEmpty()) {
        expect(",");
      }
      terms.add(term());
    }
    return terms;
  }

  private static List<Object> all(List<Term> terms, Scope scope) {
    List<Object> all = new ArrayList<>();
    terms.forEach(term -> all.add(term.in(scope)));
    return all;
  }

  /** Lists among the terms are taken apart. */
  private static List<Object> flat(List<Term> terms, Scope scope) {
    List<Object> all = new ArrayList<>();
    terms.forEach(term -> all.addAll(BodyFunctions.list(term.in(scope))));
    return all;
  }

  private void start() {
    Line line = lines.get(next++);
    number = line.number();
    tokens = tokens(line.text());
    at = 0;
  }

  private static List<String> tokens(String text) {
    return TOKEN.matcher(text).results().map(token -> token.group()).toList();
  }

  private String peek() {
    return at < tokens.size() ? tokens.get(at) : END;
  }

  private String take() {
    String token = peek();
    at++;
    return token;
  }

  private boolean accept(String token) {
    boolean isThere = peek().equals(token);
    at += isThere ? 1 : 0;
    return isThere;
  }

  private void expect(String token) {
    if (!accept(token)) {
      throw wrong("'" + token + "'", peek());
    }
  }

  private IllegalStateException wrong(String wanted, String found) {
    return new IllegalStateException(
        "bodies.txt:" + number + " needs " + wanted + ", not '" + found + "'");
  }
}
