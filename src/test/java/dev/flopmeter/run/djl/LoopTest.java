package dev.flopmeter.run.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphTemplate;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.ValueInfo;
import dev.flopmeter.model.bind.TemplateBinder;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What ends a Loop. Its body doubles a value and returns false as its condition. */
class LoopTest {
  private static DjlBackend backend;

  @BeforeAll
  static void open() {
    backend = DjlBackend.open();
  }

  @AfterAll
  static void close() {
    backend.close();
  }

  private static Node node(String op, List<String> in, String out, Attributes attributes) {
    return new Node("", "", op, 21, in, List.of(out), attributes, Map.of());
  }

  private static List<ValueInfo> open(String... names) {
    return Stream.of(names).map(name -> new ValueInfo(name, null, null)).toList();
  }

  /** The result for x = 1 of a Loop with {@code limit} and {@code start}; "" omits them. */
  private static float result(String limit, String start) {
    GraphTemplate body =
        new GraphTemplate(
            "body",
            open("i", "c", "v"),
            open("n", "w"),
            Map.of(),
            List.of(
                node("Not", List.of("c"), "n", Attributes.NONE),
                node("Add", List.of("v", "v"), "w", Attributes.NONE)),
            Map.of());
    TensorType type = TensorType.of(DataType.FLOAT, 1);
    GraphTemplate main =
        new GraphTemplate(
            "main",
            List.of(ValueInfo.of("x", type)),
            open("y"),
            Map.of(
                "three",
                Tensor.ofLong(3),
                "true",
                DenseTensor.ofLongs(new TensorType(DataType.BOOL, Shape.SCALAR), 1)),
            List.of(node("Loop", List.of(limit, start, "x"), "y", Attributes.of("body", body))),
            Map.of());
    Graph graph = new TemplateBinder(21, Map.of()).bind(main, Bindings.NONE);
    try (Plan plan = backend.prepare(graph, RunOptions.DEFAULT)) {
      return plan.run(Map.of("x", Tensor.ofFloats(Shape.of(1), 1))).get("y").toFloats()[0];
    }
  }

  @Test
  void aLoopByCountIgnoresTheConditionOfItsBody() {
    assertThat(result("three", "")).isEqualTo(1 << 3);
  }

  @Test
  void aConditionEndsALoopBeforeItsCount() {
    assertThat(result("three", "true")).isEqualTo(2);
    assertThat(result("", "true")).isEqualTo(2);
  }

  @Test
  void aLoopWithoutAnEndIsRefused() {
    assertThatThrownBy(() -> result("", ""))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("(Loop): it has neither a trip count nor a condition");
  }
}
