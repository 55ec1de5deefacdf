package dev.flopmeter.model.decompose;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.model.equation.Definition;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The equations of operators that are composed of others, and the forms that they reject. */
class BodyTableTest {
  @TestFactory
  List<DynamicTest> everyDefinitionIsWellFormed() {
    return Definition.read(Decompositions.class, BodyFunctions.DIALECT).entrySet().stream()
        .map(entry -> DynamicTest.dynamicTest(entry.getKey(), entry.getValue()::parameters))
        .toList();
  }

  @Test
  void everyFunctionIsCalledSomewhere() {
    var unused =
        new TreeSet<>(Definition.read(Decompositions.class, BodyFunctions.DIALECT).keySet());
    unused.removeAll(Decompositions.operators());
    String text = BodyTableTest.text();
    unused.removeIf(name -> text.matches("(?s).*[^\\w\\n]" + name + "\\(.*"));
    assertThat(unused).isEmpty();
  }

  private static String text() {
    try (var in = Decompositions.class.getResourceAsStream("bodies.txt")) {
      return new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static Graph body(String definition, Attributes attributes) {
    Node node = new Node("n", "", "Twice", 1, List.of("x", ""), List.of("y"), attributes, Map.of());
    Map<String, TensorType> types = Map.of("x", TensorType.of(DataType.FLOAT, 2, 3));
    Body body = new Body(new Operands(node, types::get, name -> null));
    return body.graph(Definition.read(definition, BodyFunctions.DIALECT).get("Twice"));
  }

  private static List<String> operators(String definition) {
    return body(definition, Attributes.NONE).nodes().stream().map(Node::op).toList();
  }

  @Test
  void aSumWithAnInputThatIsLeftOutIsTheOther() {
    assertThat(operators("Twice (x, bias)\n  return Relu(x + bias)")).containsExactly("Relu");
    assertThat(operators("Twice (x, bias)\n  return Relu(x + x)")).containsExactly("Add", "Relu");
  }

  @Test
  void numbersAreComputedAndTakeTheTypeOfTheTensorBesideThem() {
    Graph graph = body("Twice (x)\n  return x * (dim(x, 1) - 1)", Attributes.NONE);
    String number = graph.nodes().get(0).inputs().get(1);
    assertThat(graph.constants().get(number).toDoubles()).containsExactly(2);
    assertThat(graph.type(number)).contains(TensorType.of(DataType.FLOAT));
  }

  @Test
  void attributesAreWhatOnnxHas() {
    String text = "Twice (x)\n  return Elu<alpha=0.5>(Cast<to=DOUBLE, saturate=false>(x))";
    Graph graph = body(text, Attributes.NONE);
    assertThat(graph.nodes().get(0).attributes().integer("to")).isEqualTo(DataType.DOUBLE.code());
    assertThat(graph.nodes().get(0).attributes().integer("saturate")).isZero();
    assertThat(graph.nodes().get(1).attributes().number("alpha")).isEqualTo(0.5f);
  }

  @Test
  void onlyTheChosenEquationsAreWritten() {
    String text = "Twice (x)\n  <deep = false>\n  if @deep\n    x = Relu(x)\n  return Abs(x)";
    assertThat(operators(text)).containsExactly("Abs");
    assertThat(body(text, Attributes.of("deep", 1)).nodes()).hasSize(2);
    String loop = "Twice (x)\n  for i in 0 .. 3\n    x = Relu(x)\n  return x";
    assertThat(operators(loop)).containsExactly("Relu", "Relu", "Relu");
  }

  @Test
  void aConditionThatFailsIsAnErrorWithTheShapesThatItNames() {
    assertThatThrownBy(() -> operators("Twice (x)\n  require rank(x) == 3, \"{x} is flat\""))
        .isInstanceOf(ModelException.class)
        .hasMessage("2x3 is flat");
    assertThatThrownBy(() -> operators("Twice (x)\n  refuse rank(x) == 2, \"a flat {x}\""))
        .isInstanceOf(UnsupportedFormException.class)
        .hasMessage("a flat 2x3");
    assertThatThrownBy(() -> operators("Twice (x)\n  return x + range(4294967296)"))
        .isInstanceOf(ModelException.class)
        .hasMessage("a tensor int64[4294967296] has too many elements to be held in memory");
  }

  @Test
  void anErrorInABodyNamesItsNode() {
    GraphBuilder graph = new GraphBuilder("long", 21);
    graph.constant("from", Tensor.ofLong(0));
    graph.constant("to", Tensor.ofLong(1L << 40));
    graph.constant("step", Tensor.ofLong(1));
    graph.add("Range", "all", Attributes.NONE, "from", "to", "step");
    Graph built = graph.build(List.of("all"));
    assertThatThrownBy(() -> Decompositions.inlined(built, node -> false))
        .isInstanceOf(ModelException.class)
        .hasMessage(
            "node 'all' (Range): a tensor int64[1099511627776] has too many elements to be held in"
                + " memory");
  }

  private static void isRefused(String line, String message) {
    assertThatIllegalStateException()
        .isThrownBy(() -> operators("# first\nTwice (x)\n" + line))
        .withMessage("bodies.txt:3 needs " + message);
  }

  @Test
  void anErrorOfTheTableNamesItsLine() {
    isRefused("  return Rleu(x)", "an operator, not 'Rleu'");
    isRefused("  return y", "a variable, not 'y'");
    isRefused("  return @alpha", "an attribute of the definition, not 'alpha'");
    isRefused("  return halved(x)", "a function of 1 arguments, not 'halved'");
    isRefused("  return rank(x, 1)", "a function of 2 arguments, not 'rank'");
    isRefused("  return Twice(x", "',', not 'the end of the line'");
    isRefused("  return Cast<to=REAL>(x)", "a data type, not 'REAL'");
  }
}
