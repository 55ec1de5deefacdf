package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.count.Counter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.count.OwnConvention;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.GraphTemplate;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.ValueInfo;
import dev.flopmeter.model.bind.TemplateBinder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RuleFileTest {

  private static Counts count(String yaml) {
    Node odd =
        new Node("odd", "a", "Odd", 1, List.of("x"), List.of("y"), Attributes.of("N", 5), Map.of());
    Node relu =
        new Node("relu", "", "Relu", 21, List.of("y"), List.of("z"), Attributes.NONE, Map.of());
    GraphTemplate template =
        new GraphTemplate(
            "g",
            List.of(ValueInfo.of("x", TensorType.of(DataType.FLOAT16, 2, 3))),
            List.of(new ValueInfo("z", DataType.FLOAT16, null)),
            Map.of(),
            List.of(odd, relu),
            Map.of());
    RuleFile rules = RuleFile.parse(yaml);
    return new Counter(rules.costs(), OwnConvention.FLOPS)
        .count(
            new TemplateBinder(21, Map.of())
                .bind(template, Bindings.NONE.withTypes(rules.types())));
  }

  @Test
  void nodesAfterACustomOperatorAreCounted() {
    Counts counts =
        count("a:Odd: {macs: out.elements, outputs: [{shape: [in.dim(0), 2 * attr.N]}]}");
    assertThat(counts.uncounted()).isEmpty();
    assertThat(counts.totals().macs()).isEqualTo(2 * 10);
    assertThat(counts.totals().flops()).isEqualTo(2 * 20 + 20);
    assertThat(counts.totals().bytesWritten()).isEqualTo(2 * 20 * 2);
  }

  @Test
  void outputsAloneLeaveTheOperatorUncounted() {
    Counts counts = count("a:Odd: {outputs: [in]}");
    assertThat(counts.uncounted()).extracting(each -> each.op()).containsExactly("a:Odd");
    assertThat(counts.totals().flops()).isEqualTo(6);
  }

  @ParameterizedTest
  @CsvSource({"float32, 24", "'in[0]', 12"})
  void anOutputHasTheTypeOfAnInputOrOneByName(String type, long bytes) {
    Counts counts = count("a:Odd: {outputs: [{shape: 'in[0]', type: '" + type + "'}]}");
    assertThat(counts.layers().get(0).cost().bytesWritten()).isEqualTo(bytes);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a:Odd: {outputs: in} | a:Odd: outputs must be a list, such as '[in[0]]'",
        "a:Odd: {outputs: [out]} | a:Odd: 'out' is not an input, such as in[0], or a type, such as"
            + " float32",
        "a:Odd: {outputs: [{type: float32}]} | a:Odd: an output must have a shape and a type, or be an input: in[0]",
        "a:Odd: {macs: out.dim(99999999999)} | a:Odd: the rule 'out.dim(99999999999)' needs an"
            + " index of at most 1000 at character 9",
        "a:Odd: {macs: \"in[4294967296].rank\"} | a:Odd: the rule 'in[4294967296].rank' needs an"
            + " index of at most 1000 at character 4",
        "a:Odd: {macs: \"1\\0\"} | a:Odd: the rule '1\0' needs an operator or the end at character"
            + " 2",
        "a:Odd: {sizes: 1} | a:Odd: unknown key sizes; valid keys are macs, flops and outputs",
      })
  void refuses(String yaml, String message) {
    assertThatThrownBy(() -> RuleFile.parse(yaml))
        .isInstanceOf(ModelException.class)
        .hasMessage(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'a:Odd: {macs: 1}\na:Odd: {macs: 2}' | Duplicate Object property \"a:Odd\"",
        "'a:Odd: {macs: 1, macs: 2}' | Duplicate Object property \"macs\"",
        "'a:Odd: {macs: 1}\n---\na:Odd: {macs: 2}' | contains more than one document; keep one",
      })
  void nothingIsStatedTwice(String yaml, String message, @TempDir Path folder) throws IOException {
    String file = Files.writeString(folder.resolve("r.yaml"), yaml).toString();
    assertThatThrownBy(() -> RuleFile.read(file))
        .isInstanceOf(ModelException.class)
        .hasMessageStartingWith(file)
        .hasMessageEndingWith(message);
  }

  @Test
  void aRuleOfOutputsWithoutShapesSaysSo() {
    assertThat(count("a:Odd: {macs: out.elements}").uncounted().get(0).reason())
        .isEqualTo("no rule gives the shapes of its outputs");
  }

  @Test
  void aSizeThatIsNegativeNamesTheNode() {
    assertThatThrownBy(() -> count("a:Odd: {outputs: [{shape: [in.dim(0) - 5]}]}"))
        .hasMessage("node 'odd' (a:Odd): the rule 'in.dim(0) - 5' gives -3");
    assertThat(Optional.of(RuleFile.parse(""))).contains(RuleFile.NONE);
  }
}
