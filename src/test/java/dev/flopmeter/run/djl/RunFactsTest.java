package dev.flopmeter.run.djl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.count.Counter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.count.LayerCost;
import dev.flopmeter.count.RunFacts;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphTemplate;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.ValueInfo;
import dev.flopmeter.model.bind.TemplateBinder;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/**
 * Data-dependent work, counted with the facts of one run of the model, compared with hand counts.
 */
class RunFactsTest {
  private static final DjlBackend BACKEND = DjlBackend.open();

  /** The MACs of a product of 2 x 3 with 3 x 3. */
  private static final long PRODUCT = 2 * 3 * 3;

  private static final Map<String, Tensor> WEIGHTS =
      Map.of(
          "w1x5", weights(1, 5),
          "w3x3", weights(3, 3),
          "w3x6", weights(3, 6),
          "w4x7", weights(4, 7),
          "W", weights(1, 16, 3),
          "R", weights(1, 16, 4),
          "most", Tensor.ofLong(10),
          "overlap", floats(1, 0.5),
          "two", Tensor.ofLong(2));

  @AfterAll
  static void close() {
    BACKEND.close();
  }

  private static Tensor weights(long... dims) {
    return RandomTensor.weights(TensorType.of(DataType.FLOAT, dims), 1, 4);
  }

  private static Tensor floats(long size, double... values) {
    return DenseTensor.ofDoubles(TensorType.of(DataType.FLOAT, size), values);
  }

  private static Node node(String op, String inputs, String outputs, Attributes attributes) {
    return new Node(outputs, "", op, 21, names(inputs), names(outputs), attributes, Map.of());
  }

  private static Node node(String op, String inputs, String outputs) {
    return node(op, inputs, outputs, Attributes.NONE);
  }

  private static List<String> names(String text) {
    return List.of(text.split(" ", -1)).stream().map(one -> one.equals("-") ? "" : one).toList();
  }

  private static List<ValueInfo> open(String names) {
    return names(names).stream().map(name -> new ValueInfo(name, null, null)).toList();
  }

  private static GraphTemplate body(String inputs, String outputs, Node... nodes) {
    List<ValueInfo> in = inputs.isEmpty() ? List.of() : open(inputs);
    return new GraphTemplate("body", in, open(outputs), Map.of(), List.of(nodes), Map.of());
  }

  private static Graph graph(Map<String, Tensor> inputs, String outputs, Node... nodes) {
    List<ValueInfo> fed =
        inputs.entrySet().stream().map(e -> ValueInfo.of(e.getKey(), e.getValue().type())).toList();
    GraphTemplate main =
        new GraphTemplate("main", fed, open(outputs), WEIGHTS, List.of(nodes), Map.of());
    return new TemplateBinder(21, Map.of()).bind(main, Bindings.NONE);
  }

  private static Counts run(Graph graph, Map<String, Tensor> inputs) {
    RunFacts facts = BACKEND.facts(graph, inputs).orElseThrow();
    return Counter.standard().count(Counter.standard().count(graph).model(), graph, facts);
  }

  private static Counts run(Map<String, Tensor> inputs, String outputs, Node... nodes) {
    return run(graph(inputs, outputs, nodes), inputs);
  }

  private static Stream<String> marked(Counts counts) {
    return counts.layers().stream().filter(LayerCost::isAsRun).map(LayerCost::name);
  }

  private static Node loop(String inputs, String outputs, GraphTemplate body) {
    return node("Loop", inputs, outputs, Attributes.of("body", body));
  }

  private static Tensor flag(long value) {
    return DenseTensor.ofLongs(TensorType.of(DataType.BOOL), value);
  }

  @Test
  void countsTheRowsThatNonZeroFinds() {
    Map<String, Tensor> inputs = Map.of("x", floats(6, 1, 0, 2, 0, 3, 4));
    Graph graph =
        graph(
            inputs,
            "y",
            node("NonZero", "x", "found"),
            node("Transpose", "found", "rows"),
            node("Cast", "rows", "floats", Attributes.of("to", (long) DataType.FLOAT.code())),
            node("MatMul", "floats w1x5", "y"));
    assertThat(Counter.standard().count(graph).totals().macs()).isZero();
    Counts counts = run(graph, inputs);
    assertThat(counts.totals().macs()).isEqualTo(4 * 5);
    assertThat(counts.asRunMacs()).isEqualTo(4 * 5);
    assertThat(counts.uncounted()).isEmpty();
    assertThat(marked(counts)).containsExactly("found", "rows", "floats", "y");
  }

  @Test
  void countsTheBoxesThatSuppressionLeaves() {
    // The second box covers 9/11 of the first and scores less.
    Tensor boxes =
        DenseTensor.ofDoubles(
            TensorType.of(DataType.FLOAT, 1, 3, 4), 0, 0, 10, 10, 0, 1, 10, 11, 20, 20, 30, 30);
    Tensor scores = DenseTensor.ofDoubles(TensorType.of(DataType.FLOAT, 1, 1, 3), 0.9, 0.8, 0.7);
    Map<String, Tensor> inputs = Map.of("boxes", boxes, "scores", scores);
    Counts counts =
        run(
            inputs,
            "y",
            node("NonMaxSuppression", "boxes scores most overlap", "kept"),
            node("Gather", "kept two", "which", Attributes.of("axis", 1L)),
            node("Gather", "boxes which", "left", Attributes.of("axis", 1L)),
            node("MatMul", "left w4x7", "y"));
    assertThat(counts.totals().macs()).isEqualTo(2 * 4 * 7);
  }

  @Test
  void aLoopAsOftenAsItRan() {
    Map<String, Tensor> inputs = Map.of("n", Tensor.ofLong(4), "x", weights(2, 3));
    Node loop = loop("n - x", "y", body("i c v", "c w", node("MatMul", "v w3x3", "w")));
    Graph graph = graph(inputs, "y", loop);
    assertThat(Counter.standard().count(graph).totals().macs()).isEqualTo(PRODUCT);
    Counts counts = run(graph, inputs);
    assertThat(counts.totals().macs()).isEqualTo(4 * PRODUCT);
    assertThat(counts.totals().params()).isEqualTo(9);
    assertThat(counts.asRunMacs()).isEqualTo(4 * PRODUCT);
    assertThat(counts.notes())
        .containsExactly("Loop 'y' is counted with the 4 iterations of the run");
    assertThat(counts.approximations()).isEmpty();
  }

  @Test
  void aLoopThatDidNotRunCostsNothingAndKeepsItsWeights() {
    Map<String, Tensor> inputs = Map.of("n", Tensor.ofLong(0), "x", weights(2, 3));
    Counts counts =
        run(inputs, "y", loop("n - x", "y", body("i c v", "c w", node("MatMul", "v w3x3", "w"))));
    assertThat(counts.totals().macs()).isZero();
    assertThat(counts.totals().params()).isEqualTo(9);
    assertThat(marked(counts)).containsExactly("y");
  }

  @Test
  void valuesThatGrowWithEachTripCountAtTheirActualSize() {
    Map<String, Tensor> inputs = Map.of("n", Tensor.ofLong(3), "x", weights(2, 3));
    GraphTemplate body =
        body(
            "i c v",
            "c twice",
            node("MatMul", "v w3x3", "w"),
            node("Concat", "w w", "twice", Attributes.of("axis", 0L)));
    Counts counts = run(inputs, "y", loop("n - x", "y", body));
    assertThat(counts.totals().macs()).isEqualTo((1 + 2 + 4) * PRODUCT);
    assertThat(counts.totals().params()).isEqualTo(9);
    assertThat(counts.uncounted()).isEmpty();
  }

  @Test
  void theBranchThatWasTaken() {
    GraphTemplate large = body("", "a", node("MatMul", "x w3x6", "m"), node("Relu", "m", "a"));
    GraphTemplate small = body("", "b", node("MatMul", "x w3x3", "b"));
    Node branch =
        node("If", "c", "y", Attributes.of("then_branch", large).with("else_branch", small));
    for (boolean isThen : new boolean[] {true, false}) {
      Map<String, Tensor> inputs = Map.of("c", flag(isThen ? 1 : 0), "x", weights(2, 3));
      Graph graph = graph(inputs, "y", branch);
      assertThat(Counter.standard().count(graph).totals().macs()).isEqualTo(2 * PRODUCT);
      Counts counts = run(graph, inputs);
      assertThat(counts.totals().macs()).isEqualTo(isThen ? 2 * PRODUCT : PRODUCT);
      assertThat(counts.layers().get(0).outputShapes().get(0).dim(1)).isEqualTo(isThen ? 6 : 3);
    }
  }

  /**
   * The inner loop runs as often as the outer one has run before; the first two trips of a loop
   * take the branch.
   */
  @Test
  void bodiesInBodiesEachWithTheirOwnTrips() {
    GraphTemplate inner = body("k d u", "d p", node("MatMul", "u w3x3", "p"));
    GraphTemplate outer = body("i c v", "c w", loop("i - v", "w", inner));
    Map<String, Tensor> inputs = Map.of("n", Tensor.ofLong(4), "x", weights(2, 3));
    assertThat(run(inputs, "y", loop("n - x", "y", outer)).totals().macs())
        .isEqualTo((0 + 1 + 2 + 3) * PRODUCT);

    GraphTemplate with = body("", "a", node("MatMul", "v w3x3", "a"));
    GraphTemplate without = body("", "b", node("Relu", "v", "b"));
    GraphTemplate choosing =
        body(
            "i c v",
            "c w",
            node("Less", "i two", "early"),
            node(
                "If",
                "early",
                "w",
                Attributes.of("then_branch", with).with("else_branch", without)));
    Counts counts = run(inputs, "y", loop("n - x", "y", choosing));
    assertThat(counts.totals().macs()).isEqualTo(2 * PRODUCT);
    assertThat(counts.totals().flops()).isEqualTo(2 * 2 * PRODUCT + 2 * 6 + 4);
  }

  @Test
  void theStepsOfFedSequenceLengths() {
    Tensor lengths = DenseTensor.ofLongs(TensorType.of(DataType.INT32, 2), 5, 2);
    Map<String, Tensor> inputs = Map.of("x", weights(5, 2, 3), "lengths", lengths);
    Graph graph =
        graph(inputs, "y", node("LSTM", "x W R - lengths", "y", Attributes.of("hidden_size", 4L)));
    assertThat(Counter.standard().count(graph).totals().macs()).isEqualTo(4 * 10 * 4 * (3 + 4));
    Counts counts = run(graph, inputs);
    assertThat(counts.totals().macs()).isEqualTo(4 * 7 * 4 * (3 + 4));
    assertThat(counts.asRunMacs()).isEqualTo(counts.totals().macs());
  }

  @Test
  void workThatDoesNotDependOnDataIsNotMarked() {
    Map<String, Tensor> inputs = Map.of("x", weights(2, 3));
    Node loop = loop("two - x", "y", body("i c v", "c w", node("MatMul", "v w3x3", "w")));
    Graph graph = graph(inputs, "y", loop);
    Counts counts = run(graph, inputs);
    assertThat(counts).isEqualTo(Counter.standard().count(graph));
    assertThat(counts.asRunMacs()).isNull();
  }
}
