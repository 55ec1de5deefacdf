package dev.flopmeter.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.result.Precision;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** If a backend does not compute what the model's count assumes, its plan says so. */
class ComputedOtherwiseTest {
  private static Graph quantised() {
    GraphBuilder graph = new GraphBuilder("quantised", 21);
    graph.input("x", TensorType.of(DataType.UINT8, 2, 3));
    graph.constant("scale", Tensor.ofFloats(Shape.SCALAR, 0.5f));
    graph.add("DequantizeLinear", "y", Attributes.NONE, "x", "scale");
    return graph.build(List.of("y"));
  }

  @Test
  void integersComputedAsFloatsSayNothingAboutIntegers() {
    assertThat(ComputedOtherwise.notes(quantised(), 0, Precision.FP32))
        .containsExactly(
            "the model is quantised (1 nodes), and this backend computes it in floating point: these times are not those of INT8");
  }

  @Test
  void thePeakOfAMixtureIsNamed() {
    assertThat(ComputedOtherwise.notes(quantised(), 3, Precision.INT8))
        .containsExactly(
            "3 convolutions and products of the quantised model run in 8 bits, the rest in"
                + " floating point: MFU is a share of the peak in int8");
  }

  /** Two of four experts are counted for each token. */
  @Test
  void unusedExpertsAreNamed() {
    GraphBuilder graph = new GraphBuilder("experts", 21);
    graph.input("x", TensorType.of(DataType.FLOAT, 6, 16));
    graph.input("routing", TensorType.of(DataType.FLOAT, 6, 4));
    graph.input("first", TensorType.of(DataType.FLOAT, 4, 32, 16));
    graph.input("second", TensorType.of(DataType.FLOAT, 4, 16, 32));
    graph.add(
        new Node(
            "moe",
            "com.microsoft",
            "MoE",
            1,
            List.of("x", "routing", "first", "", "second"),
            List.of("y"),
            Attributes.of("k", 2L),
            Map.of()));
    assertThat(ComputedOtherwise.notes(graph.build(List.of("y")), 0, Precision.FP32))
        .containsExactly(
            "this backend computes all experts of 1 nodes, of which the chosen ones are counted:"
                + " MFU is too low by that");
  }
}
