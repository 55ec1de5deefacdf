package dev.flopmeter.model.djl;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.internal.NDArrayEx;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.LambdaBlock;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.text.Csv;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The names in the tables are DJL's, and each writes its operator. */
class TracedCallsTest {
  @Test
  void everyCallIsAMethodOfDjl() {
    Set<String> known =
        Stream.of(NDArray.class, NDArrayEx.class, Object.class)
            .flatMap(type -> Arrays.stream(type.getMethods()))
            .map(method -> TracedCalls.signature(method.getName(), method.getParameterTypes()))
            .collect(Collectors.toSet());
    assertThat(TracedCalls.CALLS).hasSizeGreaterThan(150);
    assertThat(known).containsAll(TracedCalls.CALLS.keySet());
  }

  @Test
  void everyEquationIsWellFormed() {
    assertThat(CallEquations.METHODS).hasSizeGreaterThan(100);
    CallEquations.METHODS.values().forEach(Definition::parameters);
    CallEquations.FUNCTIONS.values().forEach(Definition::parameters);
  }

  private static final Pattern ONE_OPERATOR = Pattern.compile("([A-Z]\\w*)(<.*>)?\\(x(, .*)?\\)");

  /** Methods without parameters that are one operator. */
  static Stream<Arguments> unary() {
    return Csv.rows(CallEquations.class, "calls.csv").stream()
        .filter(row -> row.get(1).isEmpty())
        .flatMap(
            row ->
                ONE_OPERATOR
                    .matcher(row.get(2))
                    .results()
                    .filter(result -> result.group().equals(row.get(2)))
                    .map(result -> Arguments.of(row.get(0), result.group(1))));
  }

  @ParameterizedTest
  @MethodSource
  void unary(String method, String operator) {
    assertThat(operators(x -> call(x, method))).containsExactly(operator);
  }

  static Stream<String> binary() {
    return Csv.rows(CallEquations.class, "calls.csv").stream()
        .filter(row -> row.get(1).startsWith("y NDArray"))
        .map(row -> row.get(0));
  }

  @ParameterizedTest
  @MethodSource
  void binary(String method) {
    assertThat(operators(x -> call(x, method, x.duplicate()))).isNotEmpty();
  }

  private static List<String> operators(UnaryOperator<NDArray> forward) {
    Graph graph = DjlGraphs.trace(LambdaBlock.singleton(forward::apply), new Shape(3, 3));
    return graph.nodes().stream().map(Node::op).toList();
  }

  private static NDArray call(NDArray array, String name, NDArray... others) {
    Class<?>[] types = new Class<?>[others.length];
    Arrays.fill(types, NDArray.class);
    boolean isArrays =
        Arrays.stream(NDArray.class.getMethods())
            .map(method -> TracedCalls.signature(method.getName(), method.getParameterTypes()))
            .anyMatch(TracedCalls.signature(name, types)::equals);
    Object target = isArrays ? array : array.getNDArrayInternal();
    try {
      Method method = (isArrays ? NDArray.class : NDArrayEx.class).getMethod(name, types);
      return (NDArray) method.invoke(target, (Object[]) others);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(name, e);
    }
  }
}
