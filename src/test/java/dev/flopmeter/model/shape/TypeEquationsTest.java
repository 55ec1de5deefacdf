package dev.flopmeter.model.shape;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.equation.Definition;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The equations of operators' output types. */
class TypeEquationsTest {
  private static String text() {
    try (var in = TypeEquations.class.getResourceAsStream("shapes.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void everyDefinitionIsWellFormedAndEveryFunctionIsCalled() {
    Map<String, Definition> all = Definition.read(TypeEquations.class, TypeFunctions.DIALECT);
    all.values().forEach(Definition::parameters);
    var unused = new TreeSet<>(all.keySet());
    unused.removeAll(ShapeRules.operators());
    ShapeRules.SHARING.forEach(trait -> unused.remove(trait.name().toLowerCase(Locale.ROOT)));
    String text = text();
    unused.removeIf(name -> text.matches("(?s).*[^\\w\\n]" + name + "\\(.*"));
    assertThat(unused).isEmpty();
  }

  @Test
  void everyDefinitionOfSizesOfAttentionsIsWellFormed() {
    assertThat(NodeSizes.EQUATIONS.values()).hasSizeGreaterThan(5);
    NodeSizes.EQUATIONS.values().forEach(Definition::parameters);
  }
}
