package dev.flopmeter.model.decompose;

import dev.flopmeter.model.decompose.Body.Value;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The operators and functions of {@code bodies.txt}, which describes its own form. */
final class BodyTable {
  private BodyTable() {}

  /** Computes a value, number, text, flag, data type, list of these, or numbers by name. */
  @FunctionalInterface
  interface Term {
    Object in(Scope scope);
  }

  /** Changes the scope, or returns the results of the definition. */
  @FunctionalInterface
  interface Statement {
    @Nullable List<Object> run(Scope scope);
  }

  /** What a definition's equations see. */
  record Scope(Body body, Map<String, Object> variables) {

    /** The results of the first statement that has some. */
    @Nullable List<Object> run(List<Statement> statements) {
      List<Object> results = null;
      for (int i = 0; i < statements.size() && results == null; i++) {
        results = statements.get(i).run(this);
      }
      return results;
    }
  }

  /** A line of the file: without its indentation, with the lines that continue it. */
  record Line(int number, int indentation, String text) {}

  record Equations(List<String> parameters, List<Statement> statements) {}

  /** One operator or function; its equations are read when they are first needed. */
  static final class Definition {
    private final List<Line> lines = new ArrayList<>();
    private final Map<String, Definition> all;
    private volatile @Nullable Equations equations;

    Definition(Map<String, Definition> all) {
      this.all = all;
    }

    Equations equations() {
      Equations read = equations;
      if (read == null) {
        read = new BodyParser(all, lines).definition();
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

    List<Object> of(Body body, List<Object> arguments) {
      Equations read = equations();
      Map<String, Object> variables = new HashMap<>();
      for (int i = 0; i < arguments.size(); i++) {
        variables.put(read.parameters().get(i), arguments.get(i));
      }
      Scope scope = new Scope(body, variables);
      return Objects.requireNonNull(scope.run(read.statements()), "no results");
    }

    /** The outputs of an operator for the inputs of its node. */
    List<Value> outputs(Body body) {
      List<Object> inputs = new ArrayList<>();
      for (int i = 0; i < equations().parameters().size(); i++) {
        inputs.add(body.input(i));
      }
      return of(body, inputs).stream().map(Value.class::cast).toList();
    }
  }

  /**
   * The definitions by name.
   *
   * @param beside a class of the package that the resource belongs to
   */
  static Map<String, Definition> read(Class<?> beside, String resource) {
    try (InputStream in = Objects.requireNonNull(beside.getResourceAsStream(resource), resource)) {
      return read(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The definitions of a text; only their names are looked at. */
  static Map<String, Definition> read(String text) {
    Map<String, Definition> all = new LinkedHashMap<>();
    Definition last = new Definition(all);
    int number = 0;
    for (String line : text.split("\n", -1)) {
      number++;
      if (line.isEmpty() || line.charAt(0) == '#') {
        continue;
      }
      if (line.charAt(0) != ' ') {
        last = new Definition(all);
        int end = line.indexOf(' ');
        all.put(end < 0 ? line : line.substring(0, end), last);
      }
      String bare = line.strip();
      last.lines.add(new Line(number, line.indexOf(bare), bare));
    }
    return all;
  }
}
