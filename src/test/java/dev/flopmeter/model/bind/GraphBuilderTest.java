package dev.flopmeter.model.bind;

import static dev.flopmeter.model.bind.Nodes.FLOATS;
import static dev.flopmeter.model.bind.Nodes.node;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GraphBuilderTest {
  private final GraphBuilder builder = new GraphBuilder("test", 18);

  private static List<String> names(Graph graph) {
    return graph.nodes().stream().map(Node::name).toList();
  }

  @Test
  void infersTypesAndKeepsTheOrder() {
    builder.input("x", FLOATS);
    builder.constant("w", Tensor.ofFloats(Shape.of(3, 1), 1, 2, 3));
    builder.add("MatMul", "m", Attributes.NONE, "x", "w");
    builder.add("Relu", "r", Attributes.NONE, "m");
    Graph graph = builder.build(List.of("r"));
    assertThat(names(graph)).containsExactly("m", "r");
    assertThat(graph.type("r")).contains(TensorType.of(DataType.FLOAT, 2, 1));
    assertThat(graph.inputs()).containsExactly("x");
    assertThat(graph.constants()).containsOnlyKeys("w");
  }

  @Test
  void leavesOutNodesThatNoOutputNeeds() {
    builder.input("x", FLOATS);
    builder.input("unused", FLOATS);
    builder.constant("w", Tensor.ofFloats(Shape.of(1), 2));
    builder.add("Mul", "dead", Attributes.NONE, "x", "w");
    builder.add("Relu", "deader", Attributes.NONE, "dead");
    builder.add("Relu", "y", Attributes.NONE, "x");
    Graph graph = builder.build(List.of("y"));
    assertThat(names(graph)).containsExactly("y");
    assertThat(graph.constants()).isEmpty();
    assertThat(graph.types()).containsOnlyKeys("x", "unused", "y");
  }

  /**
   * Each sum of constants is small enough to compute; all of them together would exceed the heap.
   */
  @Test
  void stopsFoldingWhereResultsAddUp() {
    builder.input("x", TensorType.of(DataType.FLOAT, 1 << 16));
    builder.constant("c0", Tensor.ofFloats(Shape.of(1), 1));
    builder.constant("wide", Tensor.ofFloats(Shape.of(1 << 16), new float[1 << 16]));
    builder.add("Add", "c", Attributes.NONE, "c0", "wide");
    String last = "c";
    for (int i = 1; i <= 100; i++) {
      last = builder.add("Add", "c" + i, Attributes.NONE, last, "wide");
    }
    builder.add("Add", "y", Attributes.NONE, "x", last);
    long computed = (1 << 24) / (4 << 16); // of 256 KB each, until 16 MB are exceeded
    assertThat(builder.build(List.of("y")).nodes()).hasSize((int) (101 + 1 - computed - 1));
  }

  /** An empty name is not a value: a missing input of one node must not keep another's output. */
  @Test
  void leavesOutDeadNodesWithAnOutputLeftOut() {
    builder.input("x", FLOATS);
    builder.add(node("Dropout", "x", "- mask"));
    builder.add(node("Clip", "x - -", "y"));
    assertThat(builder.build(List.of("y")).nodes()).extracting(Node::op).containsExactly("Clip");
  }

  @Test
  void replacesNodesOfConstantsByTheirResult() {
    builder.input("x", FLOATS);
    builder.add("Shape", "s", Attributes.NONE, "x");
    builder.constant("two", Tensor.ofLongs(2));
    builder.add("Mul", "d", Attributes.NONE, "s", "two");
    builder.add("Reshape", "y", Attributes.NONE, "x", "s");
    Graph graph = builder.build(List.of("y", "d"));
    assertThat(names(graph)).containsExactly("y");
    assertThat(graph.constant("d").orElseThrow().toLongs()).containsExactly(2 * 2, 2 * 3);
    assertThat(graph.constants()).containsOnlyKeys("s", "d");
  }

  @Test
  void refusesAnOutputThatTheOperatorHasNot() {
    builder.constant("c", Tensor.ofLongs(1));
    builder.add(node("Identity", "c", "a -"));
    assertThatThrownBy(() -> builder.add(node("Identity", "c", "d e")))
        .hasMessage("node for 'd' (Identity): it has more outputs than 1");
  }

  @Test
  void leavesTheTypeOpenWhereDataDecides() {
    builder.input("x", FLOATS);
    builder.input("shape", TensorType.of(DataType.INT64, 2));
    builder.add("Reshape", "y", Attributes.NONE, "x", "shape");
    builder.add("Relu", "z", Attributes.NONE, "y");
    Graph graph = builder.build(List.of("z"));
    assertThat(graph.type("z")).isEmpty();
    assertThatThrownBy(() -> graph.requireType("z")).hasMessageContaining("'z' depends on data");
  }

  @Test
  void shapesFollowFromInputsKnownBeforehand() {
    builder.input("x", FLOATS);
    builder.input("shape", TensorType.of(DataType.INT64, 2));
    builder.know("shape", Tensor.ofLongs(6, -1));
    builder.add("Reshape", "y", Attributes.NONE, "x", "shape");
    assertThat(builder.build(List.of("y")).requireType("y").shape())
        .isEqualTo(Shape.of(6, 2 * 3 / 6));
  }

  @Test
  void givesEveryNodeItsOwnName() {
    builder.input("x", FLOATS);
    for (String out : List.of("a", "b", "c")) {
      builder.add("Relu", "same", Attributes.NONE, List.of("x"), List.of(out), Map.of());
    }
    builder.add("Relu", "same#2", Attributes.NONE, List.of("x"), List.of("d"), Map.of());
    builder.add("Relu", "", Attributes.NONE, List.of("x"), List.of("e"), Map.of());
    assertThat(names(builder.build(List.of("a", "b", "c", "d", "e"))))
        .containsExactly("same", "same#2", "same#3", "same#2#2", "Relu_4");
  }

  /** Trying one number after the other to find free names would take about 10^9 steps. */
  @Test
  void namesManyNodesOfOneNameFast() {
    builder.input("x", FLOATS);
    int count = 50_000;
    for (int i = 0; i < count; i++) {
      builder.add("Relu", "same", Attributes.NONE, List.of("x"), List.of("v" + i), Map.of());
    }
    assertThat(names(builder.build(List.of("v" + (count - 1))))).containsExactly("same#" + count);
  }

  @Test
  void saysWhichNodeDoesNotFit() {
    builder.input("x", FLOATS);
    assertThatThrownBy(() -> builder.add(Nodes.named("n", "Relu", "nobody", "y")))
        .hasMessage(
            "node 'n' (Relu): its input 'nobody' is written by no node, input or initializer");
    assertThatThrownBy(() -> builder.add(node("Relu", "x", "x")))
        .hasMessageContaining("'x' is written twice");
    assertThatThrownBy(() -> builder.add(node("Nonsense", "x", "y")))
        .hasMessageContaining("'Nonsense' is not an operator");
    assertThatThrownBy(() -> builder.build(List.of("nowhere"))).hasMessageContaining("'nowhere'");
    assertThatThrownBy(() -> builder.build(List.of())).hasMessageContaining("no outputs");
  }

  @Test
  void bodiesSeeTheValuesAroundThem() {
    builder.input("x", FLOATS);
    builder.constant("k", Tensor.ofLongs(6));
    GraphBuilder body = new GraphBuilder("body", 18, Map.of(), builder);
    body.add("Reshape", "y", Attributes.NONE, "x", "k");
    assertThat(body.build(List.of("y")).requireType("y").shape()).isEqualTo(Shape.of(2 * 3));
    GraphBuilder shadowing = new GraphBuilder("body", 18, Map.of(), builder);
    shadowing.openInput("x", null);
    assertThat(shadowing.typeOf("x")).isNull();
  }
}
