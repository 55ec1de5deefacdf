package dev.flopmeter.model.djl;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.internal.NDArrayEx;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.LambdaBlock;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The names in the tables are DJL's, and each writes its operator. */
class TracedCallsTest {
  private static Set<String> signatures(Class<?> type) {
    return Arrays.stream(type.getMethods())
        .map(TracedCallsTest::signature)
        .collect(Collectors.toSet());
  }

  private static String signature(Method method) {
    return method.getName() + Arrays.toString(method.getParameterTypes());
  }

  @Test
  void layersAreMethodsOfDjl() {
    Set<String> djls = signatures(NDArrayEx.class);
    assertThat(TracedLayers.class.getDeclaredMethods())
        .filteredOn(method -> Modifier.isPublic(method.getModifiers()))
        .hasSizeGreaterThan(20)
        .extracting(TracedCallsTest::signature)
        .allMatch(djls::contains);
  }

  @Test
  void tablesNameMethodsOfDjl() {
    Set<String> named = new TreeSet<>(TracedCalls.BINARY);
    named.addAll(TracedCalls.UNARY.keySet());
    named.addAll(TracedCalls.REDUCED.keySet());
    Set<String> djls =
        Stream.of(NDArray.class, NDArrayEx.class)
            .flatMap(type -> Arrays.stream(type.getMethods()))
            .map(Method::getName)
            .collect(Collectors.toSet());
    assertThat(djls).containsAll(named);
  }

  static Stream<Arguments> unary() {
    return Stream.of(TracedCalls.UNARY, TracedCalls.REDUCED)
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
    return TracedCalls.BINARY.stream().filter(name -> !name.equals("rpow")); // takes a number only
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
            .map(TracedCallsTest::signature)
            .anyMatch((name + Arrays.toString(types))::equals);
    Object target = isArrays ? array : array.getNDArrayInternal();
    try {
      Method method = (isArrays ? NDArray.class : NDArrayEx.class).getMethod(name, types);
      return (NDArray) method.invoke(target, (Object[]) others);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(name, e);
    }
  }
}
