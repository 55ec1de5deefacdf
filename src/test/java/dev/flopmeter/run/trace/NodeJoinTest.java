package dev.flopmeter.run.trace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphTemplate;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.run.Step;
import dev.flopmeter.run.trace.Trace.Kernel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The nodes of a model that each node of an optimised graph stands for. */
class NodeJoinTest {
  private final GraphBuilder graph = new GraphBuilder("test", 20);

  NodeJoinTest() {
    graph.input("x", TensorType.of(DataType.FLOAT, 1, 8, 4, 4));
    graph.constant("v", RandomTensor.weights(TensorType.of(DataType.FLOAT, 4, 4), 2, 4));
    graph.constant("w", RandomTensor.weights(TensorType.of(DataType.FLOAT, 8, 8, 1, 1), 1, 8));
  }

  private void add(String op, String name, String... inputs) {
    graph.add(op, name, Attributes.NONE, inputs);
  }

  private static Node node(String op, String name, List<String> inputs, String output) {
    return node(op, name, Attributes.NONE, inputs, output);
  }

  private static Node node(
      String op, String name, Attributes attributes, List<String> inputs, String output) {
    return new Node(name, "", op, 20, inputs, List.of(output), attributes, Map.of());
  }

  private List<Step> join(String output, Node... executed) {
    Graph built = graph.build(List.of(output));
    return NodeJoin.steps(built, List.of(), List.of(executed)).steps();
  }

  private static List<List<String>> nodes(List<Step> steps) {
    return steps.stream().map(Step::nodes).toList();
  }

  @Test
  void aFusedNodeStandsForWhatLiesBetweenKnownValues() {
    add("Conv", "conv", "x", "w");
    add("Relu", "relu", "conv");
    add("Neg", "neg", "relu");
    List<Step> steps =
        join(
            "neg",
            node("FusedConv", "", List.of("x", "w"), "relu"),
            node("Neg", "", List.of("relu"), "neg"));
    assertThat(nodes(steps)).containsExactly(List.of("conv", "relu"), List.of("neg"));
    assertThat(steps.get(0).name()).isEqualTo("conv");
    assertThat(steps.get(0).op()).isEqualTo("Conv+Relu");
  }

  @Test
  void aBlockedConvolutionTakesTheSumAndTheActivationThatFollow() {
    add("Conv", "one", "x", "w");
    add("Conv", "two", "x", "w");
    add("Add", "sum", "one", "two");
    add("Relu", "relu", "sum");
    List<Step> steps =
        join(
            "relu",
            node("ReorderInput", "ReorderInput", List.of("x"), "token_0"),
            node("Conv", "one_nchwc", List.of("token_0", "w2"), "token_1"),
            node(
                "Conv",
                "two_nchwc",
                Attributes.of("activation", "Relu"),
                List.of("token_0", "w2", "", "token_1"),
                "token_2"),
            node("ReorderOutput", "ReorderOutput", List.of("token_2"), "relu"));
    assertThat(nodes(steps))
        .containsExactly(List.of(), List.of("one"), List.of("two", "sum", "relu"), List.of());
    assertThat(steps.get(3).name()).isEqualTo("ReorderOutput of two");
    assertThat(steps).allMatch(step -> NodeJoin.isAssigned(step.op(), step.nodes())).hasSize(4);
  }

  @Test
  void theWorkOfPaddedChannelsInABlockedConvolutionIsReported() {
    add("Conv", "conv", "x", "w");
    add("Conv", "plain", "conv", "w");
    Graph built = graph.build(List.of("plain"));
    Node blocked =
        new Node(
            "conv_nchwc",
            "com.microsoft.nchwc",
            "Conv",
            1,
            List.of("x", "reorder"),
            List.of("token_1"),
            Attributes.NONE,
            Map.of());
    GraphTemplate ran =
        new GraphTemplate(
            "optimised",
            List.of(),
            List.of(),
            Map.of(
                "reorder",
                RandomTensor.weights(TensorType.of(DataType.FLOAT, 16, 8, 1, 1), 1, 8),
                "w",
                RandomTensor.weights(TensorType.of(DataType.FLOAT, 8, 8, 1, 1), 1, 8)),
            List.of(
                blocked,
                node("ReorderOutput", "out", List.of("token_1"), "conv"),
                node("Conv", "plain", List.of("conv", "w"), "plain")),
            Map.of());
    List<Kernel> kernels =
        ran.nodes().stream()
            .map(
                node -> new Kernel(node.name(), node.op(), -1, List.of(), List.of(), List.of(1e-3)))
            .toList();
    // 8 of 16 output channels are the model's: 8 more times 8 inputs at each of 4 x 4 positions.
    assertThat(TraceJoin.byGraph(built, List.of(), kernels, ran).steps())
        .extracting(step -> step.kernel().paddingMacs())
        .containsExactly(8L * 8 * 4 * 4, null, null);
  }

  @Test
  void aProductBetweenReshapesIsNotTheReshapes() {
    add("MatMul", "product", "x", "v");
    add("Neg", "last", "product");
    List<Step> steps =
        join(
            "last",
            node("Reshape", "gemm_input", List.of("x"), "arg_0"),
            node("Gemm", "", List.of("arg_0", "w"), "arg_1"),
            node("Reshape", "gemm_output", List.of("arg_1"), "product"),
            node("Neg", "", List.of("product"), "last"));
    assertThat(nodes(steps))
        .containsExactly(List.of(), List.of("product"), List.of(), List.of("last"));
  }

  @Test
  void nodesOfOneKindGoToTheirExecutedNodesInTheModelsOrder() {
    List<Node> executed = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      add("Relu", "relu" + i, i == 0 ? "x" : "relu" + (i - 1));
      executed.add(node("Relu", "", List.of(i == 0 ? "x" : "renamed" + (i - 1)), "renamed" + i));
    }
    add("Neg", "neg", "relu4");
    executed.add(node("Neg", "", List.of("renamed4"), "neg"));
    assertThat(join("neg", executed.toArray(Node[]::new)))
        .extracting(Step::name)
        .containsExactly("relu0", "relu1", "relu2", "relu3", "relu4", "neg");
  }

  @Test
  void kernelsThatComputeOneNodeTogetherAreOneStep() {
    add("HardSwish", "swish", "x");
    Graph built = graph.build(List.of("swish"));
    NodeJoin.Joined joined =
        NodeJoin.steps(
            built,
            List.of(),
            List.of(
                node("HardSigmoid", "", List.of("x"), "inner"),
                node("Mul", "", List.of("x", "inner"), "swish")));
    assertThat(nodes(joined.steps())).containsExactly(List.of("swish"));
    assertThat(joined.sum(new double[] {2, 3})).containsExactly(5);
  }

  @Test
  void workThatIsNotTheModelsIsAStepWithoutNodes() {
    add("Conv", "conv", "x", "w");
    List<Step> steps =
        join(
            "conv",
            node("Conv", "conv", List.of("x", "w"), "conv"),
            node("Dance", "stranger", List.of("conv"), "nowhere"));
    assertThat(nodes(steps)).containsExactly(List.of("conv"), List.of());
    assertThat(NodeJoin.isAssigned(steps.get(1).op(), steps.get(1).nodes())).isFalse();
  }

  @Test
  void namesAloneJoinATraceWithoutItsGraph() {
    add("MatMul", "first", "x", "v");
    add("Erf", "erf", "first");
    add("Mul", "mul", "first", "erf");
    add("MatMul", "second", "mul", "v");
    Graph built = graph.build(List.of("second"));
    List<Trace.Kernel> kernels =
        List.of(
            kernel("MatMul", "first"), kernel("BiasGelu", "BiasGelu"), kernel("MatMul", "second"));
    assertThat(nodes(TraceJoin.byName(built, List.of(), kernels).steps()))
        .containsExactly(List.of("first"), List.of("erf", "mul"), List.of("second"));
  }

  private static Trace.Kernel kernel(String op, String name) {
    return new Trace.Kernel(name, op, -1, List.of(), List.of(), List.of(1.0));
  }
}
