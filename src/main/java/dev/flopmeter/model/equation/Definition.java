package dev.flopmeter.model.equation;

import dev.flopmeter.model.equation.Scope.Statement;
import dev.flopmeter.text.Resource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One operator or function of a file; its equations are read when they are first needed. */
public final class Definition {
  /** A line of the file: without its indentation, with the lines that continue it. */
  record Line(int number, int indentation, String text) {}

  record Equations(List<String> parameters, List<Statement> statements) {}

  private final List<Line> lines = new ArrayList<>();
  private final Dialect dialect;
  private final Map<String, Definition> all;
  private volatile @Nullable Equations equations;

  private Definition(Dialect dialect, Map<String, Definition> all) {
    this.dialect = dialect;
    this.all = all;
  }

  /**
   * The definitions of a resource by name; only their names are looked at.
   *
   * @param beside a class of the package that the resource belongs to
   */
  public static Map<String, Definition> read(Class<?> beside, Dialect dialect) {
    return read(Resource.text(beside, dialect.file()), dialect);
  }

  /** The definitions of a text; only their names are looked at. */
  public static Map<String, Definition> read(String text, Dialect dialect) {
    Map<String, Definition> all = new LinkedHashMap<>();
    Definition last = new Definition(dialect, all);
    int number = 0;
    for (String line : text.split("\n", -1)) {
      number++;
      if (line.isEmpty() || line.charAt(0) == '#') {
        continue;
      }
      if (line.charAt(0) != ' ') {
        last = new Definition(dialect, all);
        int end = line.indexOf(' ');
        all.put(end < 0 ? line : line.substring(0, end), last);
      }
      int indentation = 0;
      while (line.charAt(indentation) == ' ') {
        indentation++;
      }
      last.lines.add(new Line(number, indentation, line.substring(indentation)));
    }
    return all;
  }

  /**
   * A definition of one equation beside those of a file.
   *
   * @param all the definitions that it can call
   */
  public static Definition of(
      String equation, List<String> parameters, Dialect dialect, Map<String, Definition> all) {
    Definition one = new Definition(dialect, all);
    one.lines.add(new Line(1, 0, "equation (" + String.join(", ", parameters) + ")"));
    one.lines.add(new Line(1, 1, "return " + equation));
    return one;
  }

  /** The names of the parameters. */
  public List<String> parameters() {
    return equations().parameters();
  }

  private Equations equations() {
    Equations read = equations;
    if (read == null) {
      read = new StatementParser(dialect, all, lines).definition();
      equations = read;
    }
    return read;
  }

  /** Known before the equations are read, which may call themselves. */
  int parameterCount() {
    StringBuilder header = new StringBuilder();
    lines.forEach(line -> header.append(line.text()));
    String names = header.substring(header.indexOf("(") + 1, header.indexOf(")"));
    return names.isEmpty() ? 0 : names.split(",", -1).length;
  }

  /** The results for these arguments. */
  public List<Object> of(Host host, List<?> arguments) {
    Map<String, Object> variables = new HashMap<>();
    for (int i = 0; i < arguments.size(); i++) {
      variables.put(parameters().get(i), arguments.get(i));
    }
    Scope scope = new Scope(host, variables);
    return Objects.requireNonNull(scope.run(equations().statements()), "no results");
  }
}
