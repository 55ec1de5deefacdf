package dev.flopmeter.run.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

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
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A residual sum may use the memory of its addend only if that has no other reader. Each graph has
 * a different reason to keep it, or none; joined and unjoined must agree in every pass.
 */
class FusionTest {
  private static final int CHANNELS = 8;

  private static DjlBackend backend;

  @BeforeAll
  static void open() {
    backend = DjlBackend.open();
  }

  @AfterAll
  static void close() {
    backend.close();
  }

  private static final class Block {
    private final GraphBuilder graph = new GraphBuilder("block", 18);

    Block() {
      graph.input("x", TensorType.of(DataType.FLOAT, 1, CHANNELS, 6, 6));
    }

    Block conv(String output, String input) {
      TensorType type = TensorType.of(DataType.FLOAT, CHANNELS, CHANNELS, 3, 3);
      graph.constant("w/" + output, RandomTensor.weights(type, output.hashCode(), 9L * CHANNELS));
      Attributes pads =
          Attributes.of("kernel_shape", new long[] {3, 3}, "pads", new long[] {1, 1, 1, 1});
      graph.add("Conv", output, pads, input, "w/" + output);
      return this;
    }

    /** One number per channel. */
    Block perChannel(String name) {
      TensorType type = TensorType.of(DataType.FLOAT, CHANNELS, 1, 1);
      graph.constant(name, RandomTensor.weights(type, name.hashCode(), 1));
      return this;
    }

    Block biasedConv(String output, String input) {
      TensorType weights = TensorType.of(DataType.FLOAT, CHANNELS, CHANNELS, 1, 1);
      TensorType bias = TensorType.of(DataType.FLOAT, CHANNELS);
      graph.constant("w/" + output, RandomTensor.weights(weights, output.hashCode(), CHANNELS));
      graph.constant("b/" + output, RandomTensor.weights(bias, 7, 1));
      graph.add("Conv", output, Attributes.NONE, input, "w/" + output, "b/" + output);
      return this;
    }

    Block add(String op, String output, String... inputs) {
      graph.add(op, output, Attributes.NONE, inputs);
      return this;
    }

    Graph returning(String... outputs) {
      return graph.build(List.of(outputs));
    }
  }

  private static Arguments block(String name, Function<Block, Graph> build) {
    return Arguments.of(name, build.apply(new Block()));
  }

  static Stream<Arguments> blocks() {
    return Stream.of(
        block(
            "nobody needs the shortcut",
            b ->
                b.conv("a", "x")
                    .conv("b", "a")
                    .add("Add", "s", "b", "a")
                    .add("Relu", "y", "s")
                    .returning("y")),
        block(
            "the shortcut is fed", b -> b.conv("a", "x").add("Add", "y", "a", "x").returning("y")),
        block(
            "the convolution reads the shortcut itself",
            b -> b.conv("a", "x").conv("b", "a").add("Add", "y", "a", "b").returning("y")),
        block(
            "the shortcut is an output",
            b -> b.conv("a", "x").conv("b", "a").add("Add", "y", "b", "a").returning("y", "a")),
        block(
            "the shortcut is read later",
            b ->
                b.conv("a", "x")
                    .conv("b", "a")
                    .add("Add", "s", "b", "a")
                    .conv("c", "s")
                    .add("Add", "y", "c", "a")
                    .returning("y")),
        block(
            "a view of the shortcut is an output",
            b ->
                b.conv("a", "x")
                    .add("Flatten", "f", "a")
                    .conv("b", "x")
                    .add("Add", "y", "b", "a")
                    .returning("y", "f")),
        block(
            "the shortcut is itself a view",
            b ->
                b.conv("a", "x")
                    .add("Identity", "i", "a")
                    .conv("b", "x")
                    .add("Add", "s", "b", "i")
                    .add("Add", "y", "s", "a")
                    .returning("y")),
        block(
            "a frozen normalisation, a shortcut and a Relu",
            b ->
                b.perChannel("scale")
                    .perChannel("shift")
                    .conv("a", "x")
                    .add("Mul", "m", "a", "scale")
                    .add("Add", "n", "shift", "m")
                    .add("Add", "s", "n", "x")
                    .add("Relu", "y", "s")
                    .returning("y")),
        block(
            "a factor on a convolution with a bias",
            b ->
                b.perChannel("scale")
                    .biasedConv("a", "x")
                    .add("Mul", "m", "scale", "a")
                    .add("Sigmoid", "g", "m")
                    .add("Mul", "y", "m", "g")
                    .returning("y")),
        block(
            "a bias on a convolution with a bias",
            b ->
                b.perChannel("shift")
                    .biasedConv("a", "x")
                    .add("Add", "y", "a", "shift")
                    .returning("y")),
        block(
            "two convolutions, each the other's shortcut",
            b ->
                b.conv("a", "x")
                    .conv("b", "x")
                    .add("Add", "s", "a", "b")
                    .add("Relu", "y", "s")
                    .returning("y")));
  }

  /** A detector's frozen normalisations as they are exported. */
  @Test
  void aFactorAndABiasForEachChannelJoinTheirConvolution() {
    Graph graph =
        new Block()
            .perChannel("scale")
            .perChannel("shift")
            .conv("a", "x")
            .add("Mul", "m", "a", "scale")
            .add("Add", "n", "m", "shift")
            .add("Relu", "y", "n")
            .returning("y");
    try (Plan plan = backend.prepare(graph, RunOptions.DEFAULT)) {
      assertThat(plan.steps()).extracting(Step::op).containsExactly("Conv+Mul+Add+Relu");
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("blocks")
  void joiningChangesNoAnswer(String name, Graph graph) {
    Map<String, Tensor> inputs = RandomInputs.of(graph, 1);
    try (Plan joined = backend.prepare(graph, RunOptions.DEFAULT);
        Plan single = backend.prepare(graph, RunOptions.DEFAULT.withFuse(false))) {
      Map<String, Tensor> expected = single.run(inputs);
      for (int i = 0; i < 2; i++) {
        Map<String, Tensor> actual = joined.run(inputs);
        expected.forEach(
            (output, values) ->
                assertThat(actual.get(output).toFloats())
                    .as(output)
                    .containsExactly(values.toFloats(), within(1e-4f)));
      }
    }
  }

  /** PyTorch's joined sum "could not create a memory" for two images with one channel. */
  @Test
  void sumsOfOneChannelAreNotFused() {
    GraphBuilder graph = new GraphBuilder("one channel", 18);
    TensorType images = TensorType.of(DataType.FLOAT, 2, 1, 6, 6);
    graph.input("x", images);
    graph.input("z", images);
    graph.constant("w", Tensor.ofFloats(Shape.of(1, 1, 1, 1), 2));
    graph.add("Conv", "c", Attributes.NONE, "x", "w");
    graph.add("Add", "y", Attributes.NONE, "c", "z");
    Graph built = graph.build(List.of("y"));
    Map<String, Tensor> inputs = RandomInputs.of(built, 1);
    try (Plan plan = backend.prepare(built, RunOptions.DEFAULT)) {
      float[] y = plan.run(inputs).get("y").toFloats();
      for (int i = 0; i < y.length; i++) {
        double expected = 2 * inputs.get("x").doubleAt(i) + inputs.get("z").doubleAt(i);
        assertThat(y[i]).isCloseTo((float) expected, within(1e-5f));
      }
    }
  }
}
