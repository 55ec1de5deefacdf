package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.equation;
import static dev.flopmeter.run.djl.kernel.Expression.ints;
import static dev.flopmeter.run.djl.kernel.Expression.number;
import static dev.flopmeter.run.djl.kernel.Expression.parts;
import static dev.flopmeter.run.djl.kernel.Expression.scalars;
import static dev.flopmeter.run.djl.kernel.Expression.word;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Tensor;
import dev.flopmeter.run.djl.kernel.Expression.Call;
import dev.flopmeter.run.djl.kernel.Expression.Constant;
import dev.flopmeter.run.djl.kernel.Expression.Input;
import dev.flopmeter.run.djl.kernel.Expression.Listed;
import dev.flopmeter.run.djl.kernel.Expression.Named;
import dev.flopmeter.run.djl.kernel.Expression.Once;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** How expressions become the statements of a function. */
class KernelTest {
  private static Kernel kernel(Expression... results) {
    return Kernel.of(List.of(results));
  }

  private static Call call(String function, Object... arguments) {
    return new Call(function, Stream.of(arguments).map(Expression::of).toList());
  }

  private static Expression input(int index) {
    return new Input(index);
  }

  @Test
  void eachCallIsALineAndWhatIsUsedTwiceIsComputedOnce() {
    Expression sum = call("add", input(2), input(0));
    Kernel kernel = kernel(call("mul", sum, sum), sum);
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
            new Listed(List.of(input(0))),
            new Named("mode", word("tanh")),
            scalars(List.of(0.25)));
    assertThat(kernel(all).body())
        .containsExactly(
            "t0 = torch.f(1, -2, 0.5, (-1.0E9), True, [1, 2], annotate(List[int], []), (-inf),"
                + " None, [x0], mode=\"tanh\", annotate(List[Optional[number]], [0.25]))",
            "return t0");
  }

  @Test
  void hostileTextIsNeitherAnArgumentNorMoreThanAName() {
    assertThatThrownBy(() -> call("f", "text")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> call("f(x0) + g")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> word("a\"")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Named("a=1, b", input(2)))
        .isInstanceOf(IllegalArgumentException.class);
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
    assertThat(kernel(sorted.get(1)).body())
        .containsExactly("t0_0, t0_1 = torch.sort(x0)", "return t0_1");
  }

  @Test
  void constantsAndPreparedValuesAreParameters() {
    Expression table = new Constant(Tensor.ofLongs(1, 2));
    Kernel kernel =
        kernel(call("mul", call("add", new Once(call("t", input(1))), table), input(0)));
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
              return List.of(states.get(1), next, next);
            });
    assertThat(kernel(loop.results().get(0), call("stack", loop.results().get(2))).body())
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
    Expression turned = call("permute", input(0), new long[] {1, 0});
    assertThat(kernel(call("reshape", call("softmax", input(0), 1), new long[] {2})).algorithm())
        .isEqualTo("softmax");
    assertThat(kernel(call("reshape", input(0), new long[] {2})).algorithm()).isEqualTo("reshape");
    assertThat(kernel(input(0)).algorithm()).isEqualTo("view");
    assertThat(kernel(call("narrow", turned, 0, 1, 2)).algorithm()).isEqualTo("view");
    assertThat(kernel(call("mul", turned, 2)).algorithm()).isEqualTo("mul");
    List<Expression> results = List.of(call("relu", call("mm", input(0))));
    assertThat(new Kernel(results, Map.of(), null, "mm").algorithm()).isEqualTo("mm");
  }
}
