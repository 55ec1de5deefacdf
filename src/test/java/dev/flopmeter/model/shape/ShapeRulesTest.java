package dev.flopmeter.model.shape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What an operator cannot mean is refused, with what does not fit. */
class ShapeRulesTest {
  /** The type of the first output of {@code op} on floats of {@code shapes}, parted by blanks. */
  private static TensorType infer(
      int opset, String op, String shapes, int outputs, Attributes attributes) {
    String domain = op.startsWith("com.microsoft:") ? "com.microsoft" : "";
    GraphBuilder builder = new GraphBuilder("one", opset);
    List<String> inputs = new ArrayList<>();
    for (String shape : shapes.split(" ")) {
      String name = "x" + inputs.size();
      inputs.add(builder.input(name, new TensorType(DataType.FLOAT, Shape.parse(shape))));
    }
    List<String> results = List.of("y", "z", "w").subList(0, outputs);
    String plain = op.substring(op.indexOf(':') + 1);
    builder.add(new Node("n", domain, plain, opset, inputs, results, attributes, Map.of()));
    return builder.build(results).requireType("y");
  }

  static Stream<Arguments> misfits() {
    Attributes none = Attributes.NONE;
    return Stream.of(
        arguments("Softmax", "2x3", Attributes.of("axis", 2), "axis 2 is outside of the shape 2x3"),
        arguments("Hardmax", "2x3", Attributes.of("axis", -3), "axis -3 is outside"),
        arguments("LogSoftmax", "2x3", Attributes.of("axis", "1"), "'axis' is a String"),
        arguments("LRN", "1x4x2x2", none, "the attribute 'size' is missing"),
        arguments("LRN", "1x4x2x2", Attributes.of("size", -5), "'size' is -5, not at least 1"),
        arguments(
            "GroupNormalization",
            "1x4x2 4 4",
            Attributes.of("num_groups", 0),
            "the channels of 1x4x2 cannot be split into 0 groups"),
        arguments("BatchNormalization", "2x3x4", none, "input 1 is missing"),
        arguments(
            "BatchNormalization",
            "2x3x4 3 3 7 3",
            none,
            "the input 2x3x4 needs statistics of 3, not float32[7]"),
        arguments(
            "ConvTranspose",
            "1x3x8 3x4x3",
            Attributes.of("group", 0),
            "3 input channels cannot be split into 0 groups"),
        arguments(
            "LSTM",
            "7x3x4 1x20x4 2x20x5",
            none,
            "the weights 1x20x4 and 2x20x5 do not fit the input 7x3x4"),
        arguments(
            "GRU",
            "7x3x4 1x15x4 1x15x5",
            Attributes.of("hidden_size", 9),
            "hidden_size is 9, but the recurrence weights are 1x15x5"),
        arguments("Einsum", "2x2", Attributes.of("equation", "ij->ii"), "names an index twice"),
        arguments(
            "com.microsoft:Attention",
            "1x4x8 8x24",
            Attributes.of("num_heads", 2, "qkv_hidden_sizes", new long[] {8}),
            "'qkv_hidden_sizes' must be 3 widths that add up to the weights' 24"),
        arguments(
            "com.microsoft:Attention",
            "1x4x8 8x24",
            Attributes.of("num_heads", 0),
            "the attribute 'num_heads' is 0, not at least 1"));
  }

  @ParameterizedTest
  @MethodSource("misfits")
  void refuses(String op, String shapes, Attributes attributes, String message) {
    assertThatThrownBy(() -> infer(21, op, shapes, 1, attributes))
        .isInstanceOf(ModelException.class)
        .hasMessageStartingWith("node 'n' (" + op + "): ")
        .hasMessageContaining(message);
  }

  /** A vector with the axis 1 of old: one column, of which each row is a group of its own. */
  @Test
  void theCutOfEarlySoftmaxMayBeTheEnd() {
    Shape vector = Shape.of(5);
    assertThat(infer(11, "Softmax", "5", 1, Attributes.NONE).shape()).isEqualTo(vector);
    assertThatThrownBy(() -> infer(13, "Softmax", "5", 1, Attributes.of("axis", 1)))
        .hasMessageContaining("axis 1 is outside of the shape 5");
  }

  @Test
  void recurrentLayersGiveTheirStates() {
    for (String op : Arrays.asList("RNN", "GRU", "LSTM")) {
      long rows = 5 * (op.equals("RNN") ? 1 : op.equals("GRU") ? 3 : 4);
      String shapes = "7x3x4 1x" + rows + "x4 1x" + rows + "x5";
      assertThat(infer(21, op, shapes, 2, Attributes.of("hidden_size", 5)).shape())
          .isEqualTo(Shape.of(7, 1, 3, 5));
    }
  }
}
