package dev.flopmeter.model.zoo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.equation.Definition;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The equations of the built-in networks. */
class NetworkEquationsTest {
  private static String text(String resource) {
    try (var in = Zoo.class.getResourceAsStream(resource)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void everyDefinitionIsWellFormedAndUsed() {
    Map<String, Definition> all = Definition.read(Zoo.class, NetworkFunctions.DIALECT);
    all.values().forEach(Definition::parameters);
    var unused = new TreeSet<>(all.keySet());
    String calls = text("networks.txt") + text("networks.csv");
    unused.removeIf(name -> calls.matches("(?s).*[^\\w\\n]" + name + "\\(.*"));
    Zoo.all().forEach(model -> unused.remove(model.name()));
    assertThat(unused).isEmpty();
  }
}
