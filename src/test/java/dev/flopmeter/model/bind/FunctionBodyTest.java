package dev.flopmeter.model.bind;

import static dev.flopmeter.model.bind.Nodes.FLOATS;
import static dev.flopmeter.model.bind.Nodes.body;
import static dev.flopmeter.model.bind.Nodes.named;
import static dev.flopmeter.model.bind.Nodes.node;
import static dev.flopmeter.model.bind.Nodes.words;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.FunctionTemplate;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphTemplate;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.ValueInfo;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FunctionBodyTest {
  private static FunctionTemplate function(String name, String in, String out, Node... nodes) {
    return new FunctionTemplate(
        "my", name, words(in), words(out), Attributes.of("beta", 2), List.of(nodes));
  }

  private static Graph bound(List<FunctionTemplate> functions, String output, Node... nodes) {
    Map<String, FunctionTemplate> byKey = new HashMap<>();
    functions.forEach(f -> byKey.put(f.key(), f));
    GraphTemplate graph =
        new GraphTemplate(
            "main",
            List.of(ValueInfo.of("x", FLOATS)),
            List.of(new ValueInfo(output, null, null)),
            Map.of(),
            Arrays.asList(nodes),
            Map.of());
    return new TemplateBinder(18, byKey, 1000).bind(graph, Bindings.NONE);
  }

  @Test
  void namesInnerValuesAfterTheCall() {
    FunctionTemplate twice =
        function("Twice", "a", "b", node("Relu", "t", "b"), node("Neg", "a", "t"));
    List<Node> nodes = FunctionBody.of(named("call", "my:Twice", "x", "y"), twice);
    assertThat(nodes).extracting(Node::op).containsExactly("Neg", "Relu");
    assertThat(nodes.get(0).inputs()).containsExactly("x");
    assertThat(nodes.get(0).outputs()).isEqualTo(nodes.get(1).inputs()).isNotEqualTo(words("t"));
    assertThat(nodes.get(1).outputs()).containsExactly("y");
    assertThat(nodes).extracting(Node::name).containsExactly("call/Neg", "call/Relu");
  }

  @Test
  void twoCallsDoNotShareInnerValues() {
    FunctionTemplate twice =
        function("Twice", "a", "b", node("Neg", "a", "t"), node("Relu", "t", "b"));
    Graph graph =
        bound(List.of(twice), "z", node("my:Twice", "x", "y"), node("my:Twice", "y", "z"));
    assertThat(graph.nodes()).extracting(Node::op).containsExactly("Neg", "Relu", "Neg", "Relu");
    assertThat(graph.nodes().stream().flatMap(n -> n.outputs().stream())).doesNotHaveDuplicates();
  }

  @Test
  void fillsInAttributesOfTheCallAndDefaults() {
    Node inner =
        node(
            "LeakyRelu",
            "a",
            "b",
            "alpha",
            new Attributes.Reference("alpha"),
            "beta",
            new Attributes.Reference("beta"),
            "gamma",
            new Attributes.Reference("gamma"));
    FunctionTemplate leaky = function("Leaky", "a", "b", inner);
    Attributes given =
        FunctionBody.of(node("my:Leaky", "x", "y", "alpha", 0.5), leaky).get(0).attributes();
    assertThat(given.number("alpha", 0)).isEqualTo(0.5f);
    assertThat(given.integer("beta")).isEqualTo(2);
    assertThat(given.has("gamma")).isFalse();
  }

  @Test
  void inputsAndOutputsMayBeLeftOut() {
    FunctionTemplate function =
        function("F", "a low", "b c", node("Clip", "a low", "c"), node("Relu", "c", "b"));
    List<Node> nodes = FunctionBody.of(node("my:F", "x", "y"), function);
    assertThat(nodes.get(0).inputs()).containsExactly("x", "");
    assertThat(nodes.get(0).outputs().get(0)).isNotEmpty();
    assertThat(nodes.get(1).inputs()).isEqualTo(nodes.get(0).outputs());
  }

  @Test
  void renamesWhatBodiesReadAndWrite() {
    GraphTemplate branch = body("", "v", node("Add", "t a", "v"));
    FunctionTemplate function =
        function(
            "F",
            "a c",
            "b",
            node("Neg", "a", "t"),
            node("If", "c", "b", "then_branch", branch, "else_branch", branch));
    List<Node> nodes = FunctionBody.of(node("my:F", "x cond", "y"), function);
    GraphTemplate renamed = nodes.get(1).attributes().template("then_branch").orElseThrow();
    Node add = renamed.nodes().get(0);
    assertThat(add.inputs()).containsExactly(nodes.get(0).outputs().get(0), "x");
    assertThat(add.outputs()).containsExactly(renamed.outputs().get(0).name());
    assertThat(add.outputs()).isNotEqualTo(words("v"));
  }

  @Test
  void refusesCallsWithTooManyOperands() {
    FunctionTemplate one = function("One", "a", "b", node("Relu", "a", "b"));
    assertThatThrownBy(() -> bound(List.of(one), "y", node("my:One", "x x", "y")))
        .hasMessageContaining("takes 1 inputs");
  }

  @Test
  void refusesFunctionsThatCallThemselves() {
    FunctionTemplate ping = function("Ping", "a", "b", node("my:Pong", "a", "b"));
    FunctionTemplate pong = function("Pong", "a", "b", node("my:Ping", "a", "b"));
    assertThatThrownBy(() -> bound(List.of(ping, pong), "y", node("my:Ping", "x", "y")))
        .hasMessageContaining("'my:Ping' calls itself");
  }

  /** 40 functions that call the next one twice each would become 2^40 nodes. */
  @Test
  void refusesFunctionsThatMultiplyWithoutEnd() {
    List<FunctionTemplate> functions = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      String next = "my:F" + (i + 1);
      functions.add(function("F" + i, "a", "b", node(next, "a", "t"), node(next, "t", "b")));
    }
    functions.add(function("F40", "a", "b", node("NoOperator", "a", "b")));
    assertThatThrownBy(() -> bound(functions, "y", node("my:F0", "x", "y")))
        .as("refused before the first node is inlined")
        .hasMessageContaining("more than 1000 nodes");
    GraphTemplate branch = body("", "v", node("my:F0", "x", "v"));
    assertThatThrownBy(
            () ->
                bound(
                    functions,
                    "y",
                    node("If", "c", "y", "then_branch", branch, "else_branch", branch)))
        .hasMessageContaining("more than 1000 nodes");
  }
}
