package dev.flopmeter.count;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.text.Csv;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The equations of operators' work. */
class WorkEquationsTest {
  private static final Map<String, Definition> FUNCTIONS =
      Definition.read(WorkEquations.class, WorkEquations.DIALECT);

  private static String text(String resource) {
    try (var in = WorkEquations.class.getResourceAsStream(resource)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void everyFunctionIsWellFormedAndCalled() {
    FUNCTIONS.values().forEach(Definition::parameters);
    String calls = text("work.txt") + text("work.csv");
    var unused = new TreeSet<>(FUNCTIONS.keySet());
    unused.removeIf(name -> calls.matches("(?s).*[^\\w\\n]" + name + "\\(.*"));
    assertThat(unused).isEmpty();
  }

  @Test
  void everyExpressionIsWellFormed() {
    for (List<String> row : Csv.rows(WorkEquations.class, "work.csv")) {
      String both = row.get(1) + ", " + row.get(2);
      Definition.of(both, List.of(), WorkEquations.DIALECT, FUNCTIONS).parameters();
      assertThat(row).hasSize(4);
    }
  }
}
