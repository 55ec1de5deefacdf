package dev.flopmeter.model.range;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.model.shape.Signatures;
import dev.flopmeter.text.Csv;
import java.util.List;
import org.junit.jupiter.api.Test;

class IndexInputsTest {
  @Test
  void everyEquationIsWellFormed() {
    assertThat(IndexInputs.ALL).hasSizeGreaterThan(40);
    IndexInputs.ALL.values().stream()
        .flatMap(List::stream)
        .forEach(input -> input.equation().parameters());
    IndexInputs.FUNCTIONS.values().forEach(Definition::parameters);
  }

  @Test
  void everyOperatorIsOneWithASignature() {
    List<String> known =
        Csv.rows(Signatures.class, "signatures.csv").stream().map(row -> row.get(0)).toList();
    assertThat(IndexInputs.ALL.keySet())
        .filteredOn(op -> !op.contains(":"))
        .allMatch(known::contains);
  }
}
