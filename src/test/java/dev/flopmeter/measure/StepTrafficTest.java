package dev.flopmeter.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.count.Counter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.count.LayerCost;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.GraphTemplate;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.ValueInfo;
import dev.flopmeter.model.bind.TemplateBinder;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Step;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The traffic of a step: that of {@code count} for one node, only external inputs and outputs for
 * fused nodes.
 */
class StepTrafficTest {
  private static final long FLOAT = Float.BYTES;

  private static Node node(String op, String output, Attributes attributes, String... inputs) {
    return new Node(output, "", op, 21, List.of(inputs), List.of(output), attributes, Map.of());
  }

  private static Node node(String op, String output, String... inputs) {
    return node(op, output, Attributes.NONE, inputs);
  }

  private static GraphTemplate body(Node node) {
    ValueInfo output = new ValueInfo(node.outputs().get(0), null, null);
    return new GraphTemplate("body", List.of(), List.of(output), Map.of(), List.of(node), Map.of());
  }

  /** x, a condition and three row numbers are fed; a table of 50 x 10 is constant. */
  private static Graph graph(String output, Node... nodes) {
    GraphTemplate main =
        new GraphTemplate(
            "main",
            List.of(
                ValueInfo.of("x", TensorType.of(DataType.FLOAT, 10, 100)),
                ValueInfo.of("c", TensorType.of(DataType.BOOL)),
                ValueInfo.of("rows", TensorType.of(DataType.INT64, 3))),
            List.of(new ValueInfo(output, null, null)),
            Map.of("table", new RandomTensor(TensorType.of(DataType.FLOAT, 50, 10), 1, -1, 1)),
            List.of(nodes),
            Map.of());
    return new TemplateBinder(21, Map.of()).bind(main, Bindings.NONE);
  }

  private static double bytes(Graph graph, Precision precision, String... nodes) {
    Counts counts = Counter.standard().count(graph);
    Step step = new Step(nodes[0], "", List.of(nodes), new KernelInfo("fake", null, null, null));
    Map<String, LayerCost> counted =
        counts.layers().stream().collect(Collectors.toMap(LayerCost::name, layer -> layer));
    return new StepTraffic(graph, new GraphLinks(graph), counted, precision).bytes(step);
  }

  private static Graph capturing() {
    return graph(
        "y",
        node("Relu", "r", "x"),
        node("Relu", "s", "r"),
        node(
            "If",
            "y",
            Attributes.of(
                "then_branch", body(node("Abs", "a", "s")),
                "else_branch", body(node("Neg", "n", "s"))),
            "c"));
  }

  @Test
  void aValueThatOnlyABodyReadsIsWritten() {
    Graph graph = capturing();
    assertThat(bytes(graph, Precision.FP32, "s")).isEqualTo(1000 * FLOAT + 1000 * FLOAT);
    assertThat(bytes(graph, Precision.FP32, "r", "s")).isEqualTo(1000 * FLOAT + 1000 * FLOAT);
  }

  @Test
  void aStepOfOneNodeMovesWhatCountSays() {
    Graph graph =
        graph(
            "y",
            node("Gather", "g", "table", "rows"),
            node("Identity", "i", "g"),
            node("Shape", "h", "i"),
            node("Cast", "h2", Attributes.of("to", 1), "rows"),
            node(
                "If",
                "y",
                Attributes.of(
                    "then_branch", body(node("Abs", "a", "i")),
                    "else_branch", body(node("Neg", "n", "i"))),
                "c"));
    Counts counts = Counter.standard().count(graph);
    assertThat(counts.layers()).extracting(LayerCost::name).contains("g", "i", "y");
    for (LayerCost layer : counts.layers()) {
      assertThat(bytes(graph, Precision.FP32, layer.name()))
          .as(layer.name())
          .isEqualTo(layer.cost().bytes());
    }
    // Three rows of ten values and their indices, not the whole table.
    assertThat(bytes(graph, Precision.FP32, "g")).isEqualTo(2 * 3 * 10 * FLOAT + 3 * Long.BYTES);
    assertThat(bytes(graph, Precision.FP32, "i")).isZero();
  }

  @Test
  void halfPrecisionMovesHalfOfTheFloatsOfOneNode() {
    Graph graph = graph("g", node("Gather", "g", "table", "rows"));
    assertThat(bytes(graph, Precision.FP16, "g")).isEqualTo(2 * 3 * 10 * 2 + 3 * Long.BYTES);
  }
}
