package dev.flopmeter.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.bind.TemplateBinder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** {@code a = Relu(x); b = Add(a, a); c = If(fed) { Neg(a), Neg(x) }}, returning b and c. */
class GraphLinksTest {
  private static final Graph GRAPH = graph();
  private final GraphLinks links = new GraphLinks(GRAPH);

  private static Node node(String op, List<String> in, String out, Attributes attributes) {
    return new Node(out, "", op, 21, in, List.of(out), attributes, Map.of());
  }

  private static List<ValueInfo> open(String... names) {
    return List.of(names).stream().map(name -> new ValueInfo(name, null, null)).toList();
  }

  private static GraphTemplate branch(String read) {
    Node neg = node("Neg", List.of(read), "r", Attributes.NONE);
    return new GraphTemplate("branch", List.of(), open("r"), Map.of(), List.of(neg), Map.of());
  }

  private static Graph graph() {
    Attributes branches = Attributes.of("then_branch", branch("a"), "else_branch", branch("x"));
    GraphTemplate main =
        new GraphTemplate(
            "main",
            List.of(
                ValueInfo.of("x", TensorType.of(DataType.FLOAT, 2)),
                ValueInfo.of("fed", TensorType.of(DataType.BOOL))),
            open("b", "c"),
            Map.of(),
            List.of(
                node("Relu", List.of("x"), "a", Attributes.NONE),
                node("Add", List.of("a", "a"), "b", Attributes.NONE),
                node("If", List.of("fed"), "c", branches)),
            Map.of());
    return new TemplateBinder(21, Map.of()).bind(main, Bindings.NONE);
  }

  private static List<String> names(List<Node> nodes) {
    return nodes.stream().map(Node::name).toList();
  }

  @Test
  void knowsTheWriterOfAValue() {
    assertThat(links.writer("b")).isSameAs(links.node("b"));
    assertThat(links.writer("x")).isNull();
    assertThat(links.writer("")).isNull();
    assertThat(links.node("d")).isNull();
  }

  @Test
  void aReaderStandsOncePerSlotAndOnceForItsBodies() {
    assertThat(names(links.readers("a"))).containsExactly("b", "b", "c");
    assertThat(names(links.readers("x"))).containsExactly("a", "c");
    assertThat(links.readers("b")).isEmpty();
  }

  @Test
  void valuesThatABodyReadsAreReadByItsNode() {
    assertThat(GraphLinks.captures(GRAPH.nodes().get(2))).containsExactlyInAnyOrder("a", "x");
    assertThat(GraphLinks.reads(GRAPH.nodes().get(1))).containsExactly("a", "a");
    assertThat(GraphLinks.reads(GRAPH.nodes().get(2)).get(0)).isEqualTo("fed");
  }

  @Test
  void theOnlyReaderIsTheOneThatNothingElseSharesTheValueWith() {
    assertThat(links.onlyReader("fed")).isSameAs(links.node("c"));
    assertThat(links.onlyReader("a")).as("read twice and in a body").isNull();
    assertThat(links.onlyReader("b")).as("returned").isNull();
    assertThat(links.isReturned("b")).isTrue();
    assertThat(links.isUnused("b")).isFalse();
    assertThat(links.isUnused("d")).isTrue();
  }
}
