package dev.flopmeter.model.equation;

import dev.flopmeter.text.Resource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One operator or function of a file; its equations are parsed on first use. */
public final class Definition {
  /** A line of the file: without its indentation, with the lines that continue it. */
  record Line(int number, int indentation, String text) {}

  /**
   * @param variables how many it has, parameters and others
   */
  record Equations(List<String> parameters, int variables, List<Statement> statements) {}

  private final Dialect dialect;
  private final Map<String, Definition> all;
  private final int firstLine;
  private final String text;
  private volatile @Nullable Equations equations;

  private Definition(Dialect dialect, Map<String, Definition> all, int firstLine, String text) {
    this.dialect = dialect;
    this.all = all;
    this.firstLine = firstLine;
    this.text = text;
  }

  /**
   * The definitions of a resource by name; only the names are parsed.
   *
   * @param beside a class of the package that the resource belongs to
   */
  public static Map<String, Definition> read(Class<?> beside, Dialect dialect) {
    return read(Resource.text(beside, dialect.file()), dialect);
  }

  /** Whether a definition of this name is an operator: functions have names in lower case. */
  public static boolean isOperator(String name) {
    return Character.isUpperCase(name.charAt(name.indexOf(':') + 1));
  }

  /** The definitions of a text; only the names are parsed. */
  public static Map<String, Definition> read(String text, Dialect dialect) {
    Map<String, Definition> all = new LinkedHashMap<>();
    int line = 1;
    for (int from = 0, to; from < text.length(); from = to) {
      int firstLine = line;
      to = from;
      do {
        int end = text.indexOf('\n', to);
        to = end < 0 ? text.length() : end + 1;
        line++;
      } while (to < text.length() && !Character.isLetter(text.charAt(to)));
      if (Character.isLetter(text.charAt(from))) {
        String name = text.substring(from, text.indexOf('(', from)).strip();
        all.put(name, new Definition(dialect, all, firstLine, text.substring(from, to)));
      }
    }
    return all;
  }

  /**
   * A definition of one equation, in addition to those of a file.
   *
   * @param all the definitions that it can call
   */
  public static Definition of(
      String equation, List<String> parameters, Dialect dialect, Map<String, Definition> all) {
    String header = "equation (" + String.join(", ", parameters) + ")";
    return new Definition(dialect, all, 1, header + "\n return " + equation);
  }

  /** The names of the parameters. */
  public List<String> parameters() {
    return equations().parameters();
  }

  private Equations equations() {
    Equations read = equations;
    if (read == null) {
      read = new StatementParser(dialect, all, lines()).definition();
      equations = read;
    }
    return read;
  }

  private List<Line> lines() {
    List<Line> lines = new ArrayList<>();
    int number = firstLine;
    for (String line : text.split("\n", -1)) {
      String bare = line.stripLeading();
      if (!bare.isEmpty() && line.charAt(0) != '#') {
        lines.add(new Line(number, line.length() - bare.length(), bare));
      }
      number++;
    }
    return lines;
  }

  /** Known before the equations are parsed, because they may be recursive. */
  int parameterCount() {
    String names = text.substring(text.indexOf('(') + 1, text.indexOf(')'));
    return names.isEmpty() ? 0 : names.split(",", -1).length;
  }

  /** What a call gives: its one result, or a list of them. */
  Object called(Host host, List<?> arguments) {
    List<Object> results = of(host, arguments);
    return results.size() == 1 ? results.get(0) : results;
  }

  /** This for equations of other files. */
  public BuiltIn asFunction() {
    return BuiltIn.of(parameterCount(), new Called(this));
  }

  private record Called(Definition definition) implements BuiltIn.Rule<Host> {
    @Override
    public Object of(Host host, List<Object> arguments) {
      return definition.called(host, arguments);
    }
  }

  /** The results for these arguments. */
  public List<Object> of(Host host, List<?> arguments) {
    Equations read = equations();
    @Nullable Object[] variables = Arrays.copyOf(arguments.toArray(), read.variables());
    Scope scope = new Scope(host, variables);
    return Objects.requireNonNull(scope.run(read.statements()), "no results");
  }
}
