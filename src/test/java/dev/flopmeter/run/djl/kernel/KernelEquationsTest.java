package dev.flopmeter.run.djl.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.model.equation.Definition;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Equations become TorchScript, and only declared names can occur in it. */
class KernelEquationsTest {

  @Test
  void allEquationsCanBeRead() {
    Map<String, Definition> all = Definition.read(KernelEquations.class, KernelFunctions.DIALECT);
    assertThat(all).containsKeys("Celu", "Conv", "padded");
    all.values().forEach(definition -> assertThat(definition.parameters()).isNotNull());
  }

  private static Operands celu(Attributes attributes) {
    GraphBuilder graph = new GraphBuilder("one", 18);
    graph.input("x", TensorType.of(DataType.FLOAT, 2));
    graph.add("Celu", "y", attributes, "x");
    Graph built = graph.build(List.of("y"));
    return Operands.of(built, built.nodes().get(0));
  }

  private static List<String> body(String equations, Attributes attributes) {
    KernelEquations node = new KernelEquations(celu(attributes));
    Definition definition = Definition.read(equations, KernelFunctions.DIALECT).get("Celu");
    return Kernel.of(node.expressions(definition.of(node, node.inputs()))).body();
  }

  @Test
  void calledFunctionsAndSignsAreStatements() {
    assertThat(body("Celu (x) <alpha = 1.0> = celu(x, @alpha) + 1", Attributes.of("alpha", 2.0)))
        .containsExactly("t0 = torch.celu(x0, 2.0)", "t1 = torch.add(t0, 1)", "return t1");
    assertThat(
            body(
                "Celu (x)\n  values, places = sort[2]<dim=0, stable=true>(x)\n"
                    + "  return to(places, type(x)), floor(values), floor(2.5), [], [rank(x)]",
                Attributes.NONE))
        .containsExactly(
            "t0_0, t0_1 = torch.sort(x0, dim=0, stable=True)",
            "t1 = torch.to(t0_1, 6)",
            "t2 = torch.floor(t0_0)",
            "return (t1, t2, 2, 1)");
  }

  @Test
  void aFunctionThatIsNotDeclaredIsAnErrorOfItsLine() {
    assertThatThrownBy(() -> body("Celu (x)\n  return load(x)", Attributes.NONE))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("kernels.txt:2 needs a function of 1 arguments, not 'load'");
  }

  @Test
  void textOfAModelIsNeitherAWordNorAFunction() {
    Attributes hostile = Attributes.of("mode", "sum\") or (\"");
    assertThatThrownBy(() -> body("Celu (x) <mode: string> = relu(x, @mode)", hostile))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> body("Celu (x) <mode: string> = {@mode}(x)", hostile))
        .isInstanceOf(IllegalStateException.class);
    assertThat(body("Celu (x) <mode: string> = relu(x, @mode)", Attributes.of("mode", "sum")))
        .contains("t0 = torch.relu(x0, \"sum\")");
  }
}
