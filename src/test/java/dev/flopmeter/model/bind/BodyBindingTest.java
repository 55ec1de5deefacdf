package dev.flopmeter.model.bind;

import static dev.flopmeter.model.bind.Nodes.FLOATS;
import static dev.flopmeter.model.bind.Nodes.body;
import static dev.flopmeter.model.bind.Nodes.node;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.GraphTemplate;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.ValueInfo;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BodyBindingTest {
  private static final GraphTemplate RELU = body("", "r", node("Relu", "x", "r"));
  private static final GraphTemplate STEP =
      body(
          "i c v",
          "c2 v2 s",
          node("Identity", "c", "c2"),
          node("Relu", "v", "v2"),
          node("Transpose", "v", "s"));

  private static Graph bound(String outputs, Node... nodes) {
    GraphTemplate graph =
        new GraphTemplate(
            "main",
            List.of(
                ValueInfo.of("x", FLOATS),
                ValueInfo.of("cond", TensorType.of(DataType.BOOL)),
                ValueInfo.of("runs", TensorType.of(DataType.INT64))),
            Nodes.words(outputs).stream().map(name -> new ValueInfo(name, null, null)).toList(),
            Map.of(
                "five",
                Tensor.ofLong(5),
                "minus",
                Tensor.ofLong(-1),
                "yes",
                DenseTensor.ofLongs(TensorType.of(DataType.BOOL), 1)),
            Arrays.asList(nodes),
            Map.of());
    return new TemplateBinder(18, Map.of()).bind(graph, Bindings.NONE);
  }

  @Test
  void ifHasTheTypeOfBothBranches() {
    Graph graph = bound("y", node("If", "cond", "y", "then_branch", RELU, "else_branch", RELU));
    assertThat(graph.type("y")).contains(FLOATS);
    Graph inner = graph.nodes().get(0).attributes().body("then_branch").orElseThrow();
    assertThat(inner.type("r")).contains(FLOATS);
    assertThat(GraphLinks.captures(graph.nodes().get(0))).containsExactly("x");
  }

  @Test
  void aConstantConditionDecides() {
    GraphTemplate misfit = body("", "r", node("Squeeze", "x five", "r"));
    Graph graph = bound("y", node("If", "five", "y", "then_branch", RELU, "else_branch", misfit));
    assertThat(graph.type("y")).contains(FLOATS);
  }

  @Test
  void aConstantBranchStandsForItsNode() {
    GraphTemplate constant = body("", "r", node("Identity", "minus", "r"));
    Graph graph = bound("y", node("If", "five", "y", "then_branch", constant));
    assertThat(graph.nodes()).isEmpty();
    assertThat(graph.constant("y").orElseThrow().toLongs()).containsExactly(-1);
  }

  @Test
  void ifWithDifferentBranchesIsOpen() {
    GraphTemplate other = body("", "r", node("Transpose", "x", "r"));
    Graph graph = bound("y", node("If", "cond", "y", "then_branch", RELU, "else_branch", other));
    assertThat(graph.type("y")).isEmpty();
  }

  @Test
  void loopStacksItsScanOutputs() {
    Graph graph = bound("v s", node("Loop", "five - x", "v s", "body", STEP));
    assertThat(graph.requireType("v")).isEqualTo(FLOATS);
    assertThat(graph.requireType("s").shape()).isEqualTo(Shape.of(5, 3, 2));
    Graph never = bound("v s", node("Loop", "minus - x", "v s", "body", STEP));
    assertThat(never.requireType("s").shape()).isEqualTo(Shape.of(0, 3, 2));
  }

  @Test
  void loopOfUnknownLengthLeavesScanOutputsOpen() {
    assertThat(bound("s", node("Loop", "runs - x", "v s", "body", STEP)).type("s")).isEmpty();
    assertThat(bound("s", node("Loop", "five cond x", "v s", "body", STEP)).type("s")).isEmpty();
  }

  @Test
  void loopThatChangesAShapeLeavesItOpen() {
    GraphTemplate growing = body("i c v", "c v2", node("Concat", "v v", "v2", "axis", 0));
    assertThat(bound("v", node("Loop", "five - x", "v", "body", growing)).type("v")).isEmpty();
  }

  @Test
  void scanWalksAnAxisAndStacksOnAnother() {
    GraphTemplate rows = body("row", "out", node("Relu", "row", "out"));
    Graph down = bound("y", node("Scan", "x", "y", "num_scan_inputs", 1, "body", rows));
    assertThat(down.requireType("y").shape()).isEqualTo(Shape.of(2, 3));
    Graph across =
        bound(
            "y",
            node(
                "Scan",
                "x",
                "y",
                "num_scan_inputs",
                1,
                "scan_input_axes",
                new long[] {1},
                "scan_output_axes",
                new long[] {-1},
                "body",
                rows));
    Graph inner = across.nodes().get(0).attributes().body("body").orElseThrow();
    assertThat(inner.requireType("out").shape()).isEqualTo(Shape.of(2));
    assertThat(across.requireType("y").shape()).isEqualTo(Shape.of(2, 3));
  }

  @Test
  void refusesScansThatDoNotFit() {
    GraphTemplate rows = body("row", "out", node("Relu", "row", "out"));
    for (long count : new long[] {-1, 2, 1L << 32}) {
      assertThatThrownBy(
              () -> bound("y", node("Scan", "x", "y", "num_scan_inputs", count, "body", rows)))
          .hasMessageContaining("(Scan): num_scan_inputs is " + count);
    }
    for (String axes : List.of("scan_input_axes", "scan_output_axes")) {
      for (long[] wrong : new long[][] {{}, {9}, {Long.MIN_VALUE}}) {
        assertThatThrownBy(
                () ->
                    bound(
                        "y",
                        node("Scan", "x", "y", "num_scan_inputs", 1, axes, wrong, "body", rows)))
            .isInstanceOf(dev.flopmeter.model.ModelException.class)
            .hasMessageContaining("(Scan)");
      }
    }
  }

  @Test
  void refusesBodiesThatDoNotFit() {
    assertThatThrownBy(
            () -> bound("z", node("If", "cond", "y z", "then_branch", RELU, "else_branch", RELU)))
        .hasMessageContaining("(If): it names 2 outputs, but its branch 'body' gives 1");
    assertThatThrownBy(() -> bound("v", node("Loop", "five - x x", "v", "body", STEP)))
        .hasMessageContaining("(Loop): the body 'body' takes 3 inputs, but is given 4");
  }

  @Test
  void refusesBranchesOfTwoTypes() {
    GraphTemplate whole = body("", "out", node("Cast", "x", "out", "to", 7));
    assertThatThrownBy(
            () -> bound("y", node("If", "cond", "y", "then_branch", RELU, "else_branch", whole)))
        .hasMessageContaining(
            "(If): output 0, 'y', is float32 in one branch, but int64 in the other");
  }

  @Test
  void refusesALoopThatNeverEnds() {
    GraphTemplate same = body("i c v", "c v");
    assertThatThrownBy(() -> bound("v", node("Loop", "- yes x", "v", "body", same)))
        .hasMessageContaining("(Loop): it never ends");
    assertThat(bound("v", node("Loop", "- cond x", "v", "body", same)).type("v")).isPresent();
  }

  @Test
  void saysWhatIsMissing() {
    assertThatThrownBy(() -> bound("y", node("Loop", "five - x", "y")))
        .hasMessageContaining("(Loop): the attribute 'body' is missing");
    assertThatThrownBy(
            () -> bound("y", node("If", "no", "y", "then_branch", RELU, "else_branch", RELU)))
        .hasMessageContaining("its input 'no' is written by no node");
  }
}
