package dev.flopmeter.run.cudnn.operator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.text.Resource;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The equations that plan operators on the GPU. */
class PlanEquationsTest {
  @Test
  void everyDefinitionIsWellFormedAndEveryFunctionIsCalled() {
    Map<String, Definition> all = Definition.read(Operators.class, PlanFunctions.DIALECT);
    all.values().forEach(Definition::parameters);
    var unused = new TreeSet<>(all.keySet());
    unused.removeIf(Definition::isOperator);
    String text = Resource.text(Operators.class, "plans.txt");
    unused.removeIf(name -> text.matches("(?s).*[^\\w\\n]" + name + "\\(.*"));
    assertThat(unused).isEmpty();
  }
}
