package dev.flopmeter.model.shape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Invalid operators are rejected with a message that says what does not fit. */
class ShapeRulesTest {
  /**
   * The type of the first output of {@code op} on floats of {@code shapes}, separated by blanks.
   */
  private static TensorType infer(
      int opset, String op, String shapes, int outputs, Attributes attributes) {
    String domain = op.startsWith("com.microsoft:") ? "com.microsoft" : "";
    GraphBuilder builder = new GraphBuilder("one", opset);
    List<String> inputs = new ArrayList<>();
    for (String shape : shapes.equals("-") ? new String[0] : shapes.split(" ")) {
      String name = "x" + inputs.size();
      inputs.add(builder.input(name, new TensorType(DataType.FLOAT, Shape.parse(shape))));
    }
    List<String> results = List.of("y", "z", "w").subList(0, outputs);
    String plain = op.substring(op.indexOf(':') + 1);
    builder.add(new Node("n", domain, plain, opset, inputs, results, attributes, Map.of()));
    return builder.build(results).requireType("y");
  }

  @ParameterizedTest
  @CsvSource({
    "MatMulInteger, 2x4 4x3 5, 5 must have 1 element or 2",
    "MatMulInteger, 2x4 4x3 1 5, 5 must have 1 element or 3",
    "ConvInteger, 1x2x4x4 3x2x1x1 2, 2 must have 1 element or 1",
    "ConvInteger, 1x2x4x4 3x2x1x1 1 2, 2 must have 1 element or 3",
  })
  void zeroPointsAreOneOrOneForEach(String op, String shapes, String message) {
    GraphBuilder builder = new GraphBuilder("quantised", 21);
    List<String> inputs = new ArrayList<>();
    for (String shape : shapes.split(" ", -1)) {
      TensorType type = new TensorType(DataType.UINT8, Shape.parse(shape));
      inputs.add(builder.input("x" + inputs.size(), type));
    }
    Node node = new Node("n", "", op, 21, inputs, List.of("y"), Attributes.NONE, Map.of());
    assertThatThrownBy(() -> builder.add(node))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("node 'n' (" + op + ")")
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource({
    "com.microsoft, SkipLayerNormalization, 4",
    "com.microsoft, SkipSimplifiedLayerNormalization, 4",
    "'', InstanceNormalization, 3",
    "'', BatchNormalization, 5"
  })
  void namesAMissingInputInTheMiddle(String domain, String op, int count) {
    GraphBuilder builder = new GraphBuilder("skipped", 21);
    builder.input("x", TensorType.of(DataType.FLOAT, 2, 4));
    List<String> inputs = new ArrayList<>(Collections.nCopies(count, "x"));
    inputs.set(2, "");
    Node node = new Node("n", domain, op, 1, inputs, List.of("y"), Attributes.NONE, Map.of());
    assertThatThrownBy(() -> builder.add(node))
        .isInstanceOf(ModelException.class)
        .hasMessage("node 'n' (" + node.qualifiedOp() + "): input 2 is missing");
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
        arguments("BatchNormalization", "2x3x4", none, "it has 1 inputs, but takes 5"),
        arguments("Relu", "2 2", none, "it has 2 inputs, but takes 1"),
        arguments("Concat", "-", none, "it has 0 inputs, but takes at least 1"),
        arguments("GridSample", "2x1x4x4 1x3x3x2", none, "the grid 1x3x3x2 does not fit the input"),
        arguments("Not", "2", none, "input 0, 'x0', is float32, which it does not take there"),
        arguments("Reshape", "2x3 2", none, "input 1, 'x1', is float32, which it does not take"),
        arguments(
            "LSTM",
            "7x3x4 1x20x4 1x20x5",
            Attributes.of("direction", "sideways"),
            "'direction' is 'sideways', not forward|reverse|bidirectional"),
        arguments(
            "RotaryEmbedding",
            "1x4x8 8x2 8x3",
            Attributes.of("num_heads", 2),
            "the caches of cosines 8x2 and sines 8x3 differ"),
        arguments(
            "RotaryEmbedding",
            "1x2x4x3 8x2 8x2",
            none,
            "the cosines 8x2 turn 4 elements, but heads of the input 1x2x4x3 have 3"),
        arguments(
            "RotaryEmbedding",
            "1x4x8 8x2 8x2",
            Attributes.of("num_heads", 3),
            "'num_heads' is 3, which does not divide the input 1x4x8"),
        arguments("LayerNormalization", "2x4 5", none, "4 and 5 do not broadcast"),
        arguments("LayerNormalization", "2x1 5", none, "the scale 5 does not fit the input 2x1"),
        arguments(
            "QuantizeLinear",
            "2x4 3",
            none,
            "the scale 3 does not fit the input 2x4 with axis 1 and block_size" + " 0"),
        arguments("QuantizeLinear", "2x4 4", Attributes.of("axis", 5), "axis 5 is outside"),
        arguments(
            "QuantizeLinear",
            "2x10 2x3",
            Attributes.of("block_size", -4),
            "'block_size' is -4, not at least 0"),
        arguments("QuantizeLinear", "2x10 2x2", Attributes.of("block_size", 4), "block_size 4"),
        arguments(
            "com.microsoft:MultiHeadAttention",
            "1x4x8 1x5x8 1x6x8",
            Attributes.of("num_heads", 2),
            "keys 1x5x8 and values 1x6x8 do not match"),
        arguments("Attention", "1x2x4x8 1x2x5x8 1x2x6x8", none, "do not match"),
        arguments(
            "Attention",
            "1x2x4x8 1x2x5x8 1x2x5x8 3x5",
            none,
            "the input 'attn_mask', 3x5, does not fit 1 x 2 x 4 x 5 scores"),
        arguments("Attention", "1x2x4x8 1x2x5x8 1x2x5x8 4x6", none, "'attn_mask', 4x6, does not"),
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
        arguments("Einsum", "2x2", Attributes.of("equation", "ij->ii"), "contains an index twice"),
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

  @Test
  void inputsOfOneKindHaveOneType() {
    GraphBuilder builder = new GraphBuilder("mixed", 21);
    builder.input("x", TensorType.of(DataType.FLOAT, 2));
    builder.input("n", TensorType.of(DataType.INT64, 2));
    assertThatThrownBy(() -> builder.add("Add", "y", Attributes.NONE, "x", "n"))
        .hasMessageEndingWith("(Add): input 1, 'n', is int64, not float32");
    assertThatThrownBy(() -> builder.add("Concat", "z", Attributes.of("axis", 0), "x", "x", "n"))
        .hasMessageEndingWith("(Concat): input 2, 'n', is int64, not float32");
  }

  /** ONNX Runtime's quantiser stores it for scores masked by -Infinity. */
  @Test
  void aScaleMayBeInfinite() {
    GraphBuilder builder = new GraphBuilder("masked", 21);
    builder.input("x", TensorType.of(DataType.FLOAT, 2));
    builder.constant("scale", Tensor.ofFloats(Shape.SCALAR, Float.POSITIVE_INFINITY));
    builder.constant("none", Tensor.ofFloats(Shape.SCALAR, Float.NaN));
    builder.add("QuantizeLinear", "q", Attributes.NONE, "x", "scale");
    assertThatThrownBy(() -> builder.add("QuantizeLinear", "r", Attributes.NONE, "x", "none"))
        .hasMessageContaining("holds NaN, not a finite number other than 0");
  }

  @Test
  void storedIndicesMustBeThere() {
    GraphBuilder builder = new GraphBuilder("picks", 21);
    builder.input("x", TensorType.of(DataType.FLOAT, 4, 2));
    builder.constant("i", Tensor.ofLongs(-4, 3));
    builder.constant("j", Tensor.ofLongs(0, 9));
    builder.add("Gather", "y", Attributes.NONE, "x", "i");
    assertThatThrownBy(() -> builder.add("Gather", "z", Attributes.NONE, "x", "j"))
        .hasMessageEndingWith("(Gather): index 9 is outside of axis 0 of 4x2");
    builder.input("packed", TensorType.of(DataType.UINT8, 4, 32));
    builder.input("scales", TensorType.of(DataType.FLOAT, 4, 4));
    List<String> packed = List.of("packed", "j", "scales");
    Attributes blocks = Attributes.of("block_size", 16);
    assertThatThrownBy(
            () ->
                builder.add(
                    new Node(
                        "n",
                        "com.microsoft",
                        "GatherBlockQuantized",
                        1,
                        packed,
                        List.of("p"),
                        blocks,
                        Map.of())))
        .hasMessageEndingWith("index 9 is outside of axis 0 of 4x32");
  }

  @Test
  void storedGroupsMustBeThere() {
    GraphBuilder builder = new GraphBuilder("groups", 21);
    String x = builder.input("x", TensorType.of(DataType.FLOAT, 1, 64));
    List<String> inputs =
        List.of(
            x,
            builder.input("b", TensorType.of(DataType.UINT8, 4, 2, 16)),
            builder.input("s", TensorType.of(DataType.FLOAT, 8)),
            "",
            builder.constant("g", FilledTensor.of(TensorType.of(DataType.INT32, 64), 2)));
    Attributes sizes = Attributes.of("K", 64).with("N", 4).with("block_size", 32);
    assertThatThrownBy(
            () ->
                builder.add(
                    new Node(
                        "n",
                        "com.microsoft",
                        "MatMulNBits",
                        1,
                        inputs,
                        List.of("y"),
                        sizes,
                        Map.of())))
        .hasMessageEndingWith(
            "(com.microsoft:MatMulNBits): 'g_idx' holds 2, not a block from 0 to 1");
  }

  /** A vector with the old default axis 1: one column, each row of which is a group. */
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
