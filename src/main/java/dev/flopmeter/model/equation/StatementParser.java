package dev.flopmeter.model.equation;

import dev.flopmeter.model.equation.Definition.Equations;
import dev.flopmeter.model.equation.Definition.Line;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads one definition. An unknown name, operator or attribute and a wrong number of arguments are
 * reported here, with the line, not when a network uses the definition.
 */
final class StatementParser {
  private final Dialect dialect;
  private final Map<String, Definition> definitions;
  private final List<Line> lines;
  private final Map<String, Term> attributes = new HashMap<>();

  /** The place of each variable, parameters first. */
  private final Map<String, Integer> variables = new HashMap<>();

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

  /** The number of brackets that a text leaves open. */
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
    for (String parameter : parameters) {
      place(parameter);
    }
    if (tokens.accept("=")) {
      Statement results = results();
      return new Equations(parameters, variables.size(), List.of(results));
    }
    tokens.expect(Tokens.END);
    List<Statement> block = block();
    return new Equations(parameters, variables.size(), block);
  }

  /** The place of a variable, which from here on has a value. */
  private int place(String variable) {
    variables.putIfAbsent(variable, variables.size());
    return variables.get(variable);
  }

  /** {@code name = default}, {@code name: type} or {@code name: type?}. */
  private void attribute() {
    String name = tokens.take();
    if (tokens.accept("=")) {
      attributes.put(name, new Term.Defaulted(name, terms.number()));
      return;
    }
    tokens.expect(":");
    String type = tokens.take();
    if (!Terms.ATTRIBUTE_TYPES.contains(type)) {
      throw tokens.wrong("a type", type);
    }
    attributes.put(name, new Term.Typed(name, type, tokens.accept("?")));
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
      return new Statement.Check(false, condition(), lastTerm());
    } else if (tokens.accept("refuse")) {
      return new Statement.Check(true, condition(), lastTerm());
    } else if (tokens.accept("if")) {
      return choice();
    } else if (tokens.accept("for")) {
      return loop();
    }
    return assignment();
  }

  private Statement results() {
    return new Statement.Results(new Term.Joined(terms.terms(Tokens.END)));
  }

  /** What is left of the line is the message. */
  private Term condition() {
    Term condition = terms.term();
    tokens.expect(",");
    return condition;
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
    return new Statement.Choice(condition, then, otherwise);
  }

  private Statement loop() {
    int index = place(tokens.take());
    tokens.expect("in");
    Term from = terms.term();
    tokens.expect("..");
    Term to = lastTerm();
    return new Statement.Loop(index, from, to, block());
  }

  /** {@code a, b = term}, or a call only for its errors. */
  private Statement assignment() {
    List<String> names = new ArrayList<>();
    if (tokens.assigns()) {
      do {
        names.add(tokens.take());
      } while (tokens.accept(","));
      tokens.expect("=");
    }
    Term term = lastTerm();
    List<Integer> places = new ArrayList<>();
    for (String name : names) {
      places.add(place(name));
    }
    return new Statement.Assignment(places, term, tokens.place());
  }
}
