package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.constant;
import static dev.flopmeter.run.djl.kernel.Expression.equation;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.ints;
import static dev.flopmeter.run.djl.kernel.Expression.list;
import static dev.flopmeter.run.djl.kernel.Expression.named;
import static dev.flopmeter.run.djl.kernel.Expression.number;
import static dev.flopmeter.run.djl.kernel.Expression.once;
import static dev.flopmeter.run.djl.kernel.Expression.parts;
import static dev.flopmeter.run.djl.kernel.Expression.scalars;
import static dev.flopmeter.run.djl.kernel.Expression.word;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How expressions become the statements of a function. */
class KernelTest {

  @Test
  void eachCallIsALineAndWhatIsUsedTwiceIsComputedOnce() {
    Expression sum = call("add", input(2), input(0));
    Kernel kernel = Kernel.of(call("mul", sum, sum), sum);
    assertThat(kernel.inputs()).containsExactly(0, 2);
    assertThat(kernel.body())
        .containsExactly("t0 = torch.add(x2, x0)", "t1 = torch.mul(t0, t0)", "return (t1, t0)");
  }

  @Test
  void argumentsAreWrittenAsLiterals() {
    Expression all =
        call(
            "f",
            1,
            -2L,
            0.5,
            -1e9,
            true,
            new long[] {1, 2},
            ints(),
            number(Double.NEGATIVE_INFINITY),
            Expression.NONE,
            list(input(0)),
            named("mode", word("tanh")),
            scalars(0.25));
    assertThat(Kernel.of(all).body())
        .containsExactly(
            "t0 = torch.f(1, -2, 0.5, (-1.0E9), True, [1, 2], annotate(List[int], []), (-inf),"
                + " None, [x0], mode=\"tanh\", annotate(List[Optional[number]], [0.25]))",
            "return t0");
  }

  @Test
  void noTextIsAnArgumentAndNoNameIsMoreThanAName() {
    assertThatThrownBy(() -> call("f", "text")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> call("f(x0) + g")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> word("a\"")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> named("a=1, b", 2)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void anEquationHasLettersOfItsOwn() {
    Expression equation =
        equation(List.of(List.of("0", "é"), List.of("é", "J")), List.of("0", "J"));
    assertThat(equation).hasToString("\"ab,bc->ac\"");
  }

  @Test
  void severalResultsHaveANumberEach() {
    List<Expression> sorted = parts(2, call("sort", input(0)));
    assertThat(Kernel.of(sorted.get(1)).body())
        .containsExactly("t0_0, t0_1 = torch.sort(x0)", "return t0_1");
  }

  @Test
  void constantsAndPreparedValuesAreParameters() {
    Expression table = constant(Tensor.ofLongs(1, 2));
    Kernel kernel = Kernel.of(call("mul", call("add", once(call("t", input(1))), table), input(0)));
    assertThat(kernel.parameters()).containsExactly("x0", "p0", "c0");
    assertThat(kernel.tensors()).hasSize(1);
    assertThat(kernel.preparations()).hasSize(1);
    assertThat(kernel.preparations().get(0).body())
        .containsExactly("t0 = torch.t(x1)", "return t0");
  }

  @Test
  void aLoopCarriesStatesAndWhatDoesNotChangeStandsBeforeIt() {
    Loop loop =
        new Loop(
            3,
            List.of(input(0), input(1)),
            (t, states) -> {
              Expression fixed = call("exp", input(2));
              Expression next = call("mul", states.get(1), call("select", fixed, 0, t));
              return new Loop.Trip(List.of(states.get(1), next), List.of(next));
            });
    assertThat(Kernel.of(loop.state(0), call("stack", loop.rows(0))).body())
        .containsExactly(
            "t1 = torch.exp(x2)",
            "loop0_0, loop0_1 = x0, x1",
            "loop0_rows0 = annotate(List[Tensor], [])",
            "for loop0 in range(3):",
            "  t2 = torch.select(t1, 0, loop0)",
            "  t3 = torch.mul(loop0_1, t2)",
            "  loop0_rows0 = torch.add(loop0_rows0, [t3])",
            "  loop0_0, loop0_1 = loop0_1, t3",
            "t4 = torch.stack(loop0_rows0)",
            "return (loop0_0, t4)");
  }

  @Test
  void theFunctionThatDoesTheWorkIsReported() {
    assertThat(Kernel.of(call("reshape", call("softmax", input(0), 1), new long[] {2})).algorithm())
        .isEqualTo("softmax");
    assertThat(Kernel.of(call("reshape", input(0), new long[] {2})).algorithm())
        .isEqualTo("reshape");
    assertThat(Kernel.of(input(0)).algorithm()).isEqualTo("view");
    assertThat(Kernel.of(input(0).permuted(1, 0).narrow(0, 1, 2)).algorithm()).isEqualTo("view");
    assertThat(Kernel.of(call("mul", input(0).permuted(1, 0), 2)).algorithm()).isEqualTo("mul");
    assertThat(Kernel.of(call("relu", call("mm", input(0)))).reportedAs("mm").algorithm())
        .isEqualTo("mm");
  }
}
