package dev.flopmeter.run.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.measure.RandomInputs;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.Step;
import dev.flopmeter.run.UnsupportedOperatorException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Properties of plans on the CPU: steps, messages, results. */
class DjlPlanTest {
  private static DjlBackend backend;

  @BeforeAll
  static void open() {
    backend = DjlBackend.open();
  }

  @AfterAll
  static void close() {
    backend.close();
  }

  private static Graph doubled() {
    GraphBuilder graph = new GraphBuilder("doubled", 20);
    graph.input("x", TensorType.of(DataType.FLOAT, 2));
    graph.add("Add", "y", Attributes.NONE, "x", "x");
    return graph.build(List.of("y"));
  }

  @Test
  void everyNodeIsServedOnceWhetherFusedOrNot() {
    Graph graph = Zoo.get("resnet18").bind(Bindings.NONE);
    List<String> nodes = graph.nodes().stream().map(Node::name).sorted().toList();
    for (boolean fuse : new boolean[] {true, false}) {
      try (Plan plan = backend.prepare(graph, RunOptions.DEFAULT.withFuse(fuse))) {
        assertThat(plan.steps().stream().flatMap(step -> step.nodes().stream()).sorted().toList())
            .isEqualTo(nodes);
        assertThat(plan.steps().size() < nodes.size()).isEqualTo(fuse);
      }
    }
  }

  @Test
  void aResidualJoinsItsConvolution() {
    Graph graph = Zoo.get("resnet18").bind(Bindings.NONE);
    try (Plan plan = backend.prepare(graph, RunOptions.DEFAULT)) {
      assertThat(plan.steps())
          .extracting(Step::op)
          .contains("Conv+BatchNormalization+Relu", "Conv+BatchNormalization+Add+Relu");
    }
  }

  @Test
  void timesOneValuePerStep() {
    try (Plan plan = backend.prepare(doubled(), RunOptions.DEFAULT)) {
      plan.load(Map.of("x", Tensor.ofFloats(Shape.of(2), 1, 2)));
      assertThat(plan.timePass()).isPositive();
      assertThat(plan.timeSteps()).hasSize(1);
      assertThat(plan.timeSteps()[0]).isPositive();
    }
  }

  @Test
  void refusesInputsThatDoNotFit() {
    try (Plan plan = backend.prepare(doubled(), RunOptions.DEFAULT)) {
      assertThatThrownBy(() -> plan.run(Map.of()))
          .isInstanceOf(ModelException.class)
          .hasMessage("the input 'x' is missing");
      assertThatThrownBy(() -> plan.run(Map.of("z", Tensor.ofFloats(Shape.of(2), 1, 2))))
          .isInstanceOf(ModelException.class)
          .hasMessage("there is no input 'z'; the inputs are x");
      assertThatThrownBy(() -> plan.run(Map.of("x", Tensor.ofLongs(1, 2))))
          .isInstanceOf(ModelException.class)
          .hasMessage("the input 'x' must be float32[2], not int64[2]");
    }
  }

  @Test
  void namesAnOperatorThatItCannotRun() {
    GraphBuilder graph = new GraphBuilder("strange", 20);
    graph.input("x", TensorType.of(DataType.FLOAT, 2));
    graph.add(
        new Node(
            "n",
            "some.domain",
            "Strange",
            1,
            List.of("x"),
            List.of("y"),
            Attributes.NONE,
            Map.of()));
    Graph built = graph.build(List.of("y"));
    assertThatThrownBy(() -> backend.prepare(built, RunOptions.DEFAULT))
        .isInstanceOf(UnsupportedOperatorException.class)
        .hasMessageContaining("some.domain:Strange")
        .hasMessageContaining("node 'n'");
  }

  @Test
  void refusesPrecisionsThatItDoesNotHave() {
    assertThatThrownBy(
            () -> backend.prepare(doubled(), RunOptions.DEFAULT.withPrecision(Precision.FP16)))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("fp32 only");
  }

  /** One token after another gives the same results as all tokens at once: cache and mask agree. */
  @ParameterizedTest
  @CsvSource({"3"})
  void decodingWithACacheIsPrefilling(int tokens) {
    Graph prefill = llama(tokens, 0);
    Map<String, Tensor> inputs = RandomInputs.of(prefill, 1);
    Map<String, Tensor> all;
    Map<String, Tensor> before;
    try (Plan plan = backend.prepare(prefill, RunOptions.DEFAULT)) {
      all = plan.run(inputs);
    }
    float[] states = inputs.get("hidden_states").toFloats();
    try (Plan plan = backend.prepare(llama(tokens - 1, 0), RunOptions.DEFAULT)) {
      Graph shorter = llama(tokens - 1, 0);
      Map<String, Tensor> fed = new java.util.HashMap<>(RandomInputs.of(shorter, 1));
      fed.put("hidden_states", rows(states, 0, tokens - 1));
      before = plan.run(fed);
    }
    Graph decode = llama(1, tokens - 1);
    try (Plan plan = backend.prepare(decode, RunOptions.DEFAULT)) {
      List<Tensor> cached = List.copyOf(before.values());
      Map<String, Tensor> outputs =
          plan.run(
              Map.of(
                  "hidden_states", rows(states, tokens - 1, tokens),
                  "past_key", cached.get(1),
                  "past_value", cached.get(2)));
      float[] actual = outputs.get(decode.outputs().get(0)).toFloats();
      float[] expected = all.get(prefill.outputs().get(0)).toFloats();
      for (int i = 0; i < actual.length; i++) {
        assertThat(actual[i])
            .isCloseTo(
                expected[(tokens - 1) * actual.length + i],
                org.assertj.core.api.Assertions.within(2e-3f));
      }
    }
  }

  private static Tensor rows(float[] states, int from, int to) {
    int width = 4096;
    return Tensor.ofFloats(
        Shape.of(1, to - from, width),
        java.util.Arrays.copyOfRange(states, from * width, to * width));
  }

  private static Graph llama(long tokens, long past) {
    return Zoo.get("llama3-8b-block")
        .bind(Bindings.NONE.withDim("sequence", tokens).withDim("past", past));
  }
}
