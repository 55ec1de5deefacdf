package dev.flopmeter.run.djl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.measure.RandomInputs;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.Step;
import dev.flopmeter.run.conformance.Tolerance;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Only operators that belong to a product are fused with it; results stay the same. */
class ProductFusionTest {
  private final GraphBuilder graph = new GraphBuilder("test", 20);
  private DjlBackend backend;

  @BeforeEach
  void open() {
    backend = DjlBackend.open();
  }

  @AfterEach
  void close() {
    backend.close();
  }

  private void input(String name, long... dims) {
    graph.input(name, TensorType.of(DataType.FLOAT, dims));
  }

  private void weights(String name, long... dims) {
    graph.constant(name, new RandomTensor(TensorType.of(DataType.FLOAT, dims), 7, -1, 1));
  }

  private void add(String op, String output, String... inputs) {
    graph.add(op, output, Attributes.NONE, inputs);
  }

  /** The joined steps, after comparing their results with those of single steps. */
  private List<String> steps(String... outputs) {
    Graph built = graph.build(List.of(outputs));
    Map<String, Tensor> inputs = RandomInputs.of(built, 1);
    try (Plan joined = backend.prepare(built, RunOptions.DEFAULT);
        Plan single = backend.prepare(built, RunOptions.DEFAULT.withFuse(false))) {
      Map<String, Tensor> expected = single.run(inputs);
      Tolerance tolerance = new Tolerance(1e-4, 1e-6, 0);
      joined
          .run(inputs)
          .forEach(
              (name, actual) -> {
                Tensor right = expected.get(name);
                assertThat(right).isNotNull();
                assertThat(tolerance.difference(right, actual)).isEmpty();
              });
      return joined.steps().stream().map(Step::op).toList();
    }
  }

  @Test
  void biasAndActivationJoinTheProduct() {
    input("x", 2, 3, 4);
    weights("w", 4, 5);
    weights("b", 5);
    add("MatMul", "m", "x", "w");
    add("Add", "a", "b", "m");
    add("Gelu", "y", "a");
    assertThat(steps("y")).containsExactly("MatMul+Add+Gelu");
  }

  private void gelu(String x, String output) {
    graph.constant("root", Tensor.ofFloats(Shape.SCALAR, (float) Math.sqrt(2)));
    graph.constant("one", Tensor.ofFloats(Shape.SCALAR, 1));
    graph.constant("half", Tensor.ofFloats(Shape.SCALAR, 0.5f));
    add("Div", "d", x, "root");
    add("Erf", "e", "d");
    add("Add", "p", "e", "one");
    add("Mul", "m2", x, "p");
    add("Mul", output, "m2", "half");
  }

  @Test
  void anActivationOfSeveralNodesJoinsTheProduct() {
    input("x", 2, 3, 4);
    weights("w", 4, 5);
    weights("b", 5);
    add("MatMul", "m", "x", "w");
    add("Add", "a", "b", "m");
    gelu("a", "y");
    assertThat(steps("y")).containsExactly("MatMul+Add+Div+Erf+Add+Mul+Mul");
  }

  @Test
  void anActivationOfSeveralNodesIsOneStepWhoseInputOthersMayRead() {
    input("x", 2, 3);
    gelu("x", "g");
    add("Sigmoid", "s", "g");
    add("Mul", "w", "s", "g");
    add("Add", "y", "w", "x");
    assertThat(steps("y", "g")).containsExactly("Div+Erf+Add+Mul+Mul", "Sigmoid+Mul", "Add");
    assertThat(steps("y", "s")).containsExactly("Div+Erf+Add+Mul+Mul", "Sigmoid", "Mul", "Add");
  }

  /** As PyTorch exports it: groups as channels of an InstanceNormalization. */
  private void groupNorm(float unit, long... perChannel) {
    input("x", 2, 6, 3, 4);
    graph.constant("split", Tensor.ofLongs(0, 2, -1));
    graph.constant("joined", Tensor.ofLongs(2, 6, 3, 4));
    graph.constant("ones", Tensor.ofFloats(Shape.of(2), unit, unit));
    graph.constant("zeros", Tensor.ofFloats(Shape.of(2), 0, 0));
    weights("scale", perChannel);
    weights("bias", 6, 1, 1);
    add("Reshape", "r", "x", "split");
    add("InstanceNormalization", "i", "r", "ones", "zeros");
    add("Reshape", "n", "i", "joined");
    add("Mul", "m", "n", "scale");
    add("Add", "y", "m", "bias");
  }

  @Test
  void groupNormalisationOfSeveralNodesIsOneStep() {
    groupNorm(1, 6, 1, 1);
    assertThat(steps("y")).containsExactly("Reshape+InstanceNormalization+Reshape+Mul+Add");
  }

  @Test
  void anInstanceNormalisationWithScalesOfItsOwnStaysApart() {
    groupNorm(2, 6, 1, 1);
    assertThat(steps("y"))
        .containsExactly("Reshape", "InstanceNormalization", "Reshape", "Mul", "Add");
  }

  @Test
  void aScaleAlongAnotherAxisIsNotPartOfTheNormalisation() {
    groupNorm(1, 3, 1);
    assertThat(steps("y"))
        .containsExactly("Reshape", "InstanceNormalization", "Reshape", "Mul", "Add");
  }

  @Test
  void anAddendThatIsNotABiasIsNotFused() {
    input("x", 2, 3, 4);
    input("other", 2, 3, 5);
    weights("w", 4, 5);
    weights("rows", 3, 1);
    add("MatMul", "m", "x", "w");
    add("Add", "a", "m", "rows");
    add("Add", "y", "a", "other");
    assertThat(steps("y")).containsExactly("MatMul", "Add", "Add");
  }

  @Test
  void aRequestedValueIsNotFusedAway() {
    input("x", 3, 4);
    weights("w", 4, 5);
    weights("b", 5);
    add("MatMul", "m", "x", "w");
    add("Add", "a", "m", "b");
    add("Relu", "y", "a");
    assertThat(steps("y", "a")).containsExactly("MatMul+Add", "Relu");
  }

  @Test
  void scaleMaskAndSoftmaxJoinToAttention() {
    input("q", 2, 2, 3, 4);
    input("k", 2, 2, 4, 5);
    input("v", 2, 2, 5, 6);
    input("mask", 2, 1, 1, 5);
    graph.constant("scale", Tensor.ofFloats(Shape.SCALAR, 2));
    add("MatMul", "s", "q", "k");
    add("Div", "d", "s", "scale");
    add("Add", "m", "d", "mask");
    add("Softmax", "p", "m");
    add("MatMul", "y", "p", "v");
    assertThat(steps("y")).containsExactly("MatMul+Div+Add+Softmax+MatMul");
  }

  @Test
  void scoresThatAreAskedForStay() {
    input("q", 1, 2, 3, 4);
    input("k", 1, 2, 4, 5);
    input("v", 1, 2, 5, 6);
    add("MatMul", "s", "q", "k");
    add("Softmax", "p", "s");
    add("MatMul", "y", "p", "v");
    assertThat(steps("y", "p")).containsExactly("MatMul", "Softmax", "MatMul");
  }
}
