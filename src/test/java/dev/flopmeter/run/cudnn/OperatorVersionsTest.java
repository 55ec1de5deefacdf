package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Operators in their first and their latest versions, on both backends. */
class OperatorVersionsTest {
  private static final TensorType PICTURE = TensorType.of(DataType.FLOAT, 2, 4, 6, 8);
  @RegisterExtension static final BothBackends backends = new BothBackends();

  private static Graph node(int opset, String op, Attributes attributes, Tensor... arguments) {
    GraphBuilder graph = new GraphBuilder(op + " " + opset, opset);
    List<String> operands = new ArrayList<>(List.of(graph.input("x", PICTURE)));
    for (Tensor argument : arguments) {
      operands.add(graph.constant("c" + operands.size(), argument));
    }
    graph.add(op, "node", attributes, operands, List.of("y"), Map.of());
    return graph.build(List.of("y"));
  }

  static Stream<Graph> graphs() {
    Tensor two = Tensor.ofFloats(Shape.SCALAR, 2);
    long[] pads = {0, 1, 0, 2, 0, 0, 3, 0};
    return Stream.of(
        node(1, "Tile", Attributes.NONE, two, Tensor.ofFloats(Shape.SCALAR, 1)),
        node(6, "Tile", Attributes.NONE, Tensor.ofLongs(1, 2, 1, 3)),
        node(1, "Pad", Attributes.of("paddings", pads)),
        node(11, "Pad", Attributes.NONE, Tensor.ofLongs(pads)),
        node(1, "Upsample", Attributes.of("height_scale", 2f, "width_scale", 3f)),
        node(
            1,
            "Upsample",
            Attributes.of("height_scale", 2f, "width_scale", 3f, "mode", "bilinear")),
        node(1, "Cast", Attributes.of("to", "INT32")),
        node(1, "LpPool", Attributes.of("kernel_shape", new long[] {2, 2}, "p", 1f)),
        node(13, "SpaceToDepth", Attributes.of("blocksize", 2L)),
        node(28, "SpaceToDepth", Attributes.of("blocksize", 2L, "mode", "CRD")));
  }

  @ParameterizedTest
  @MethodSource("graphs")
  void agreesWithPyTorch(Graph graph) {
    Map<String, Tensor> input = Map.of("x", new RandomTensor(PICTURE, 7, -4, 4));
    try (Plan ours = backends.gpu().prepare(graph, RunOptions.DEFAULT);
        Plan theirs = backends.reference().prepare(graph, RunOptions.DEFAULT)) {
      assertThat(Comparison.relativeL2(theirs.run(input), ours.run(input))).isLessThan(1e-5);
    }
  }

  /** Its statistics are those of the batch, which cannot be folded into a convolution's weights. */
  @Test
  void foldsNoNormalisationInTraining() {
    GraphBuilder graph = new GraphBuilder("training", 15);
    graph.input("x", PICTURE);
    graph.constant("w", new RandomTensor(TensorType.of(DataType.FLOAT, 3, 4, 1, 1), 1, -1, 1));
    graph.constant("ones", Tensor.ofFloats(Shape.of(3), 1, 1, 1));
    graph.add("Conv", "conv", Attributes.NONE, "x", "w");
    graph.add(
        "BatchNormalization",
        "norm",
        Attributes.of("training_mode", 1L),
        List.of("conv", "ones", "ones", "ones", "ones"),
        List.of("y", "mean", "var"),
        Map.of());
    agreesWithPyTorch(graph.build(List.of("y", "mean", "var")));
  }
}
