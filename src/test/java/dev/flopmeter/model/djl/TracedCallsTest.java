package dev.flopmeter.model.djl;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.internal.NDArrayEx;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.LambdaBlock;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
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
    // Of these, DJL has the method of two arrays only.
    for (String name : List.of("dot", "matMul", "batchMatMul", "batchDot", "logicalAnd")) {
      known.add(name + "(Number)");
    }
    known.addAll(List.of("logicalOr(Number)", "logicalXor(Number)", "rpow(NDArray)"));
    assertThat(TracedCalls.CALLS).hasSizeGreaterThan(150);
    assertThat(known).containsAll(TracedCalls.CALLS.keySet());
  }

  static Stream<Arguments> unary() {
    return Stream.of(ArrayCalls.UNARY, ArrayCalls.REDUCED)
        .flatMap(table -> table.entrySet().stream())
        .map(Map.Entry::copyOf)
        .map(entry -> Arguments.of(entry.getKey(), entry.getValue()));
  }

  @ParameterizedTest
  @MethodSource
  void unary(String method, String operator) {
    assertThat(operators(x -> call(x, method))).containsExactly(operator);
  }

  static Stream<String> binary() {
    return ArrayCalls.BINARY.keySet().stream()
        .filter(name -> !name.equals("rpow")); // takes a number only
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
