package dev.flopmeter.count;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** ONNX Runtime's operators that are composed of others: their costs, and the forms they reject. */
class DecomposedCostTest {
  private static final String MS = "com.microsoft";
  private static final String SCALE = "scale=0.5";

  /**
   * One node.
   *
   * @param inputs types and shapes such as {@code uint8 2x3}, a stored {@code uint8=3} or {@code
   *     uint8 2x3=3}, {@code scale=0.5}, or nothing
   */
  private static Graph graph(String domain, String op, Attributes attributes, String... inputs) {
    GraphBuilder builder = new GraphBuilder("one", 21);
    List<String> operands = new ArrayList<>();
    for (String input : inputs) {
      String name = input.isEmpty() ? "" : "in" + operands.size();
      operands.add(name);
      if (input.isEmpty()) {
        continue;
      }
      String[] type = input.replace("scale", "float").replaceFirst("=.*", "").split(" ");
      TensorType given =
          new TensorType(
              DataType.named(type[0].toUpperCase(java.util.Locale.ROOT)),
              type.length == 1 ? Shape.SCALAR : Shape.parse(type[1]));
      if (input.contains("=")) {
        double value = Double.parseDouble(input.substring(input.indexOf('=') + 1));
        builder.constant(name, FilledTensor.of(given, value));
      } else {
        builder.input(name, given);
      }
    }
    builder.add(new Node("node", domain, op, 1, operands, List.of("out"), attributes, Map.of()));
    return builder.build(List.of("out"));
  }

  private static Totals count(Graph graph) {
    Counts counts = Counter.standard().count(graph);
    assertThat(counts.uncounted()).isEmpty();
    long macs = counts.totals().macs();
    return new Totals(
        graph.type("out").orElseThrow().toString(),
        macs,
        counts.totals().flops() - 2 * macs,
        counts.totals().params());
  }

  /** The type of the output, MACs, other FLOPs, parameters. */
  private record Totals(String out, long macs, long others, long parameters) {}

  private static Totals cost(String op, Attributes attributes, String... inputs) {
    return count(graph(MS, op, attributes, inputs));
  }

  @Test
  void quantisedElementwise() {
    String[] sum = {"uint8 2x3", SCALE, "uint8=3", "uint8 2x3", SCALE, "uint8=4", SCALE, "uint8=5"};
    assertThat(cost("QLinearAdd", Attributes.NONE, sum))
        .isEqualTo(new Totals("uint8[2x3]", 0, 6 * (2 + 2 + 1 + 3), 0));
    String[] one = {"int8 2x3", SCALE, "", SCALE, ""};
    assertThat(cost("QLinearLeakyRelu", Attributes.NONE, one))
        .isEqualTo(new Totals("int8[2x3]", 0, 6 * (2 + 2 + 3), 0));
    one[4] = "int8=0"; // a required input
    assertThat(cost("QLinearSoftmax", Attributes.of("axis", -1L, "opset", 13L), one))
        .isEqualTo(new Totals("int8[2x3]", 0, 6 * (2 + 5 + 3), 0));
  }

  @Test
  void quantisedPooling() {
    String[] x = {"uint8 1x4x4x8", SCALE, "uint8=3", SCALE, "uint8=5"};
    assertThat(cost("QLinearGlobalAveragePool", Attributes.of("channels_last", 1L), x))
        .isEqualTo(new Totals("uint8[1x1x1x8]", 0, 128 * (2 + 1) + 8 * 3, 0));
    Attributes window =
        Attributes.of("kernel_shape", new long[] {2, 2}, "strides", new long[] {2, 2});
    assertThat(cost("QLinearAveragePool", window, x))
        .isEqualTo(new Totals("uint8[1x4x2x4]", 0, 128 * 2 + 32 * (4 + 3), 0));
  }

  @Test
  void quantisedProducts() {
    String[] gemm = {
      "uint8 2x5", SCALE, "uint8=3", "int8 7x5=1", SCALE, "int8=0", "int32 7=9", SCALE, "uint8=1"
    };
    assertThat(cost("QGemm", Attributes.of("transB", 1L), gemm))
        .isEqualTo(new Totals("uint8[2x7]", 2 * 7 * 5, 14 * (1 + 1 + 3), 5 * 7 + 7));
    assertThat(
            cost(
                "DynamicQuantizeMatMul",
                Attributes.NONE,
                "float 2x3x5",
                "int8 5x7=1",
                "scale 7=0.5",
                "int8 7=0",
                "float 7=1"))
        .isEqualTo(new Totals("float32[2x3x7]", 6 * 7 * 5, 30 * 5 + 7 + 42 * 2, 35 + 7));
  }

  /** Two heads of width 3 over 4 tokens and 5 of the past. */
  @Test
  void quantisedAttention() {
    String[] inputs = {
      "uint8 1x4x8",
      "int8 8x18=1",
      "float 18=1",
      SCALE,
      SCALE,
      "",
      "uint8=3",
      "int8=0",
      "float 2x1x2x5x3"
    };
    assertThat(cost("QAttention", Attributes.of("num_heads", 2L), inputs))
        .isEqualTo(
            new Totals(
                "float32[1x4x6]",
                4 * 8 * 18 + 2 * (2 * 4 * 9 * 3),
                4 * 18 * 2 + 2 * 4 * 9 * (1 + 5),
                8 * 18 + 18));
  }

  @Test
  void refusesWhatContradictsItself() {
    String[] sum = {"uint8 2x3", SCALE, "int8=3", "uint8 2x3", SCALE, "uint8=4", SCALE, "uint8=5"};
    assertRefused("QLinearAdd", Attributes.NONE, "input 2, 'in2', is int8, not uint8", sum);
    String[] zero = {"uint8 2x3", "scale=0", "uint8=3", SCALE, "uint8=5"};
    assertRefused("QLinearSigmoid", Attributes.NONE, "'in1' (input 1) holds 0.0", zero);
    String[] none = {"uint8 2x3", SCALE, "uint8=3", "scale=NaN", "uint8=5"};
    assertRefused("QLinearSigmoid", Attributes.NONE, "'in3' (input 3) holds NaN", none);
    String[] groups = {"float 1x2x2x6", "float 6=1", "float 6=0"};
    assertRefused("GroupNorm", Attributes.of("groups", 4L), "'groups' = 4 does not", groups);
    assertRefused("NhwcConv", Attributes.of("group", 4L), "6 channels", groups[0], "float 4x2x1x1");
    String[] real = {"float 2x3", "scale=NaN", "uint8=3"};
    assertRefused("QuantizeLinear", Attributes.NONE, "'in1' (input 1) holds NaN", real);
    String[] heads = {"uint8 1x4x8", "int8 8x18=1", "float 18=1", SCALE, SCALE};
    assertRefused("QAttention", Attributes.of("num_heads", 5L), "'num_heads' = 5", heads);
    assertRefused(
        "QLinearConcat",
        Attributes.of("axis", 0L),
        "it has 4 inputs",
        none[1],
        none[2],
        none[0],
        none[1]);
  }

  @Test
  void onnxsOwnQuantisationRefusesTheSame() {
    String[] products = {
      "uint8 2x3", SCALE, "int8=3", "uint8 3x4", SCALE, "uint8=4", SCALE, "uint8=5"
    };
    assertThatThrownBy(() -> graph("", "QLinearMatMul", Attributes.NONE, products))
        .hasMessageContaining("input 2, 'in2', is int8, not uint8");
    assertThatThrownBy(
            () -> graph("", "QuantizeLinear", Attributes.NONE, "float 2x3", "scale=0", "uint8=3"))
        .hasMessageContaining("the scale 'in1' (input 1) holds 0.0");
  }

  private static void assertRefused(
      String op, Attributes attributes, String message, String... inputs) {
    assertThatThrownBy(() -> graph(MS, op, attributes, inputs))
        .isInstanceOf(ModelException.class)
        .hasMessageStartingWith("node 'node' (com.microsoft:" + op + "): ")
        .hasMessageContaining(message)
        .hasMessageNotContaining("\n");
  }
}
