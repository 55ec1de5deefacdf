package dev.flopmeter.model.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.count.Counter;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The multiplications of transformers, compared with the formulas of their papers. */
class TransformersTest {

  private static long macs(String name, Map<String, Long> dims, long batch) {
    Bindings bindings = new Bindings(Map.of(), OptionalLong.of(batch), dims, Map.of(), Map.of());
    Graph graph = Zoo.get(name).bind(bindings);
    return Counter.standard().count(graph).totals().macs();
  }

  @ParameterizedTest
  @CsvSource({"1, 128", "1, 512", "4, 16"})
  void bertBaseMultipliesAsItsFormulaSays(long batch, long s) {
    long h = 768;
    long projections = 4 * s * h * h; // query, key, value, output
    long attention = 2 * s * s * h; // scores and values of all heads
    long feedForward = 2 * s * h * 4 * h;
    long pooler = h * h;
    assertThat(macs("bert-base", Map.of("sequence", s), batch))
        .isEqualTo(batch * (12 * (projections + attention + feedForward) + pooler));
  }

  @Test
  void bertBaseHasItsPublishedParameters() {
    Graph graph = Zoo.get("bert-base").bind(Bindings.NONE);
    long h = 768;
    long embeddings = (30522 + 512 + 1) * h + 2 * h; // the second row of token types is never read
    long layer = 4 * (h * h + h) + (h * 4 * h + 4 * h) + (4 * h * h + h) + 4 * h;
    long pooler = h * h + h;
    assertThat(Counter.standard().count(graph).totals().params())
        .isEqualTo(embeddings + 12 * layer + pooler);
  }

  @ParameterizedTest
  @CsvSource({"1, 128, 0", "1, 1, 127", "2, 1, 1000", "1, 7, 9"})
  void llamaBlockMultipliesAsItsFormulaSays(long batch, long s, long past) {
    long width = 4096;
    long queryAndOutput = 2 * width * width;
    long keyAndValue = 2 * width * 8 * 128;
    long feedForward = 3 * width * 14336;
    long attention = 2 * 32 * 128 * (past + s); // each token attends to all positions
    assertThat(macs("llama3-8b-block", Map.of("sequence", s, "past", past), batch))
        .isEqualTo(batch * s * (queryAndOutput + keyAndValue + feedForward + attention));
  }

  @Test
  void aSequenceBeyondBertsPositionsIsRefused() {
    assertThatThrownBy(() -> macs("bert-base", Map.of("sequence", 513L), 1))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("512 positions");
  }

  @Test
  void aLengthCanAlsoBeGivenAsAShape() {
    Graph graph = Zoo.get("bert-base").bind(Bindings.NONE.withShape("input_ids", Shape.of(2, 64)));
    assertThat(graph.requireType(graph.outputs().get(0)).shape()).isEqualTo(Shape.of(2, 64, 768));
  }
}
