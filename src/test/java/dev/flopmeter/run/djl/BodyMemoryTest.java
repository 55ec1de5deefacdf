package dev.flopmeter.run.djl;

import static org.assertj.core.api.Assertions.assertThat;

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
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Weights count as part of a plan's memory wherever the node that reads them is. */
class BodyMemoryTest {
  private static final long WEIGHTS = 16 * 16 * Float.BYTES;

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

  private static Tensor weights() {
    return new RandomTensor(TensorType.of(DataType.FLOAT, 16, 16), 1, -0.1, 0.1);
  }

  /** A body that multiplies {@code x} by its own weights; {@code inputs} come first. */
  private static GraphTemplate body(List<ValueInfo> inputs, String x, String... others) {
    return new GraphTemplate(
        "body",
        inputs,
        open(Stream.concat(Stream.of(others), Stream.of("p")).toArray(String[]::new)),
        Map.of("own", weights()),
        List.of(node("MatMul", List.of(x, "own"), "p", Attributes.NONE)),
        Map.of());
  }

  private static Memory use(Node node, Map<String, Tensor> constants) {
    GraphTemplate main =
        new GraphTemplate(
            "main",
            List.of(
                ValueInfo.of("x", TensorType.of(DataType.FLOAT, 4, 16)),
                ValueInfo.of("c", TensorType.of(DataType.BOOL))),
            open("y"),
            constants,
            List.of(node),
            Map.of());
    Graph graph = new TemplateBinder(21, Map.of()).bind(main, Bindings.NONE);
    Map<String, Tensor> inputs =
        Map.of(
            "x",
            new RandomTensor(TensorType.of(DataType.FLOAT, 4, 16), 2, -1, 1),
            "c",
            DenseTensor.ofLongs(TensorType.of(DataType.BOOL), 1));
    try (Plan plan = backend.prepare(graph, RunOptions.DEFAULT)) {
      plan.run(inputs);
      return plan.memory();
    }
  }

  @Test
  void bothBranchesOfAnIfAreHeld() {
    Attributes branches =
        Attributes.of("then_branch", body(List.of(), "x"), "else_branch", body(List.of(), "x"));
    Memory use = use(node("If", List.of("c"), "y", branches), Map.of());
    assertThat(use.weights()).isEqualTo(2 * WEIGHTS);
    // x and the condition, the values that the branch writes, and the result.
    assertThat(use.activations()).isGreaterThanOrEqualTo(2 * 4 * 16 * Float.BYTES + 1);
  }

  @Test
  void theBodyOfALoopIsHeldOnce() {
    GraphTemplate body = body(open("i", "go", "v"), "v", "go");
    Node loop = node("Loop", List.of("three", "", "x"), "y", Attributes.of("body", body));
    assertThat(use(loop, Map.of("three", Tensor.ofLong(3))).weights())
        .isBetween(WEIGHTS, WEIGHTS + Long.BYTES); // the trip count is a constant, too
  }

  @Test
  void theBodyOfAScanIsHeldOnce() {
    Attributes scan = Attributes.of("body", body(open("row"), "row"), "num_scan_inputs", 1);
    assertThat(use(node("Scan", List.of("x"), "y", scan), Map.of()).weights()).isEqualTo(WEIGHTS);
  }

  @Test
  void weightsOfANodeWhoseShapesDependOnDataAreHeld() {
    GraphTemplate main =
        new GraphTemplate(
            "main",
            List.of(
                ValueInfo.of("x", TensorType.of(DataType.FLOAT, 4, 16)),
                ValueInfo.of("keep", TensorType.of(DataType.BOOL, 4))),
            open("y"),
            Map.of("w", weights()),
            List.of(
                node("Compress", List.of("x", "keep"), "some", Attributes.of("axis", 0)),
                node("MatMul", List.of("some", "w"), "y", Attributes.NONE)),
            Map.of());
    Graph graph = new TemplateBinder(21, Map.of()).bind(main, Bindings.NONE);
    long shapeOfFlags = Long.BYTES; // a constant of the equations of Compress
    try (Plan plan = backend.prepare(graph, RunOptions.DEFAULT)) {
      assertThat(plan.memory().weights()).isEqualTo(WEIGHTS + shapeOfFlags);
    }
  }
}
