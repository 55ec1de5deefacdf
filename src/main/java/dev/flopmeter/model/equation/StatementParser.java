package dev.flopmeter.model.equation;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.equation.Definition.Equations;
import dev.flopmeter.model.equation.Definition.Line;
import dev.flopmeter.model.equation.Scope.Statement;
import dev.flopmeter.model.equation.Scope.Term;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * Reads one definition. An unknown name, operator or attribute and a wrong number of arguments are
 * errors here, with the line, and not when a network needs the definition.
 */
final class StatementParser {
  private final Dialect dialect;
  private final Map<String, Definition> definitions;
  private final List<Line> lines;
  private final Map<String, Term> attributes = new HashMap<>();
  private final Set<String> variables = new HashSet<>();
  private int next;
  private Tokens tokens = new Tokens("", "");
  private TermParser terms;

  StatementParser(Dialect dialect, Map<String, Definition> definitions, List<Line> lines) {
    this.dialect = dialect;
    this.definitions = definitions;
    this.lines = joined(lines);
    this.terms = start();
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
                  || "(<=".indexOf(line.text().charAt(0)) >= 0);
      if (continues) {
        Line before = joined.get(last);
        String text = before.text() + " " + line.text();
        joined.set(last, new Line(before.number(), before.indentation(), text));
      } else {
        joined.add(line);
      }
      open += opened(line.text());
    }
    return joined;
  }

  /** How many more brackets a text opens than it closes. */
  private static int opened(String text) {
    int open = 0;
    for (int i = 0; i < text.length(); i++) {
      switch (text.charAt(i)) {
        case '(', '[' -> open++;
        case ')', ']' -> open--;
        default -> {}
      }
    }
    return open;
  }

  private TermParser start() {
    Line line = lines.get(next++);
    tokens = new Tokens(dialect.file() + ":" + line.number(), line.text());
    terms = new TermParser(dialect, definitions, attributes, variables, tokens);
    return terms;
  }

  Equations definition() {
    tokens.take();
    List<String> parameters = new ArrayList<>();
    tokens.expect("(");
    while (!tokens.accept(")")) {
      parameters.add(tokens.take());
      tokens.accept(",");
    }
    if (tokens.accept("<")) {
      while (!tokens.accept(">")) {
        attribute();
        tokens.accept(",");
      }
    }
    variables.addAll(parameters);
    if (tokens.accept("=")) {
      return new Equations(parameters, attributes.keySet(), List.of(results()));
    }
    tokens.expect(Tokens.END);
    return new Equations(parameters, attributes.keySet(), block());
  }

  /** {@code name = default}, {@code name: type} or {@code name: type?}. */
  private void attribute() {
    String name = tokens.take();
    if (tokens.accept("=")) {
      Term absent = terms.number();
      attributes.put(
          name, scope -> Terms.attribute(scope.host().attributes(), name, absent.in(scope)));
      return;
    }
    tokens.expect(":");
    String type = tokens.take();
    Function<Attributes, Object> required =
        switch (type) {
          case "int" -> of -> of.integer(name);
          case "float" -> of -> (double) of.number(name);
          case "string" -> of -> of.text(name);
          case "ints" -> of -> Terms.list(of.integers(name).orElseThrow());
          case "floats" ->
              of -> of.numbers(name).orElseThrow().stream().map(Float::doubleValue).toList();
          case "strings" -> of -> List.<Object>copyOf(of.texts(name).orElseThrow());
          default -> throw tokens.wrong("a type", type);
        };
    boolean isOptional = tokens.accept("?");
    attributes.put(
        name,
        scope -> {
          Attributes all = scope.host().attributes();
          return isOptional && !all.has(name) ? Value.NONE : required.apply(all);
        });
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
    if (tokens.accept("return")) {
      return results();
    } else if (tokens.accept("require")) {
      return condition(true, (host, message) -> new ModelException(message));
    } else if (tokens.accept("refuse")) {
      return condition(false, Host::refusal);
    } else if (tokens.accept("if")) {
      return choice();
    } else if (tokens.accept("for")) {
      return loop();
    }
    return assignment();
  }

  private Statement results() {
    List<Term> results = terms.terms(Tokens.END);
    return scope -> TermParser.flat(results, scope);
  }

  private Statement condition(boolean wanted, BiFunction<Host, String, ModelException> error) {
    Term condition = terms.term();
    tokens.expect(",");
    Term message = lastTerm();
    return scope -> {
      if ((boolean) condition.in(scope) != wanted) {
        throw error.apply(scope.host(), (String) message.in(scope));
      }
      return null;
    };
  }

  private Term lastTerm() {
    Term term = terms.term();
    tokens.expect(Tokens.END);
    return term;
  }

  private Statement choice() {
    Term condition = lastTerm();
    List<Statement> then = block();
    List<Statement> otherwise = new ArrayList<>();
    if (next < lines.size() && lines.get(next).text().equals("else")) {
      next++;
      otherwise.addAll(block());
    }
    return scope -> scope.run((boolean) condition.in(scope) ? then : otherwise);
  }

  private Statement loop() {
    String index = tokens.take();
    variables.add(index);
    tokens.expect("in");
    Term from = terms.term();
    tokens.expect("..");
    Term to = lastTerm();
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
    if (tokens.assigns()) {
      do {
        names.add(tokens.take());
      } while (tokens.accept(","));
      tokens.expect("=");
    }
    Term term = lastTerm();
    variables.addAll(names);
    String place = tokens.place();
    return scope -> {
      Object value = term.in(scope);
      List<?> all = names.size() == 1 ? List.of(value) : Terms.list(value);
      if (!names.isEmpty() && all.size() != names.size()) {
        throw new ModelException(
            "a list of %s where %s are needed (%s)".formatted(all.size(), names.size(), place));
      }
      for (int i = 0; i < names.size(); i++) {
        scope.variables().put(names.get(i), all.get(i));
      }
      return null;
    };
  }
}
