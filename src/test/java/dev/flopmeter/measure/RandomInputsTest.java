package dev.flopmeter.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphTemplate;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.ValueInfo;
import dev.flopmeter.model.bind.TemplateBinder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Integers that operators read as indices, lengths or sizes have values that they accept. */
class RandomInputsTest {
  private static final long MANY = 200;

  private static TensorType floats(long... dims) {
    return TensorType.of(DataType.FLOAT, dims);
  }

  private static TensorType longs(long... dims) {
    return TensorType.of(DataType.INT64, dims);
  }

  /** A graph under construction: names {@code f0, f1, ...} for data, {@code i} for the integers. */
  private static final class Network {
    private final List<ValueInfo> inputs = new ArrayList<>();
    private final Map<String, Tensor> constants = new LinkedHashMap<>();
    private final List<Node> nodes = new ArrayList<>();

    Network input(String name, TensorType type) {
      inputs.add(ValueInfo.of(name, type));
      return this;
    }

    Network constant(String name, Tensor value) {
      constants.put(name, value);
      return this;
    }

    Network add(String op, String output, Attributes attributes, String... operands) {
      int colon = op.indexOf(':');
      String domain = colon < 0 ? "" : op.substring(0, colon);
      nodes.add(
          new Node(
              "",
              domain,
              op.substring(colon + 1),
              domain.isEmpty() ? 24 : 1,
              List.of(operands),
              List.of(output),
              attributes,
              Map.of()));
      return this;
    }

    Network add(String op, String output, String... operands) {
      return add(op, output, Attributes.NONE, operands);
    }

    Tensor drawn(String input) {
      GraphTemplate main =
          new GraphTemplate(
              "main", inputs, List.of(new ValueInfo("y", null, null)), constants, nodes, Map.of());
      Graph graph = new TemplateBinder(24, Map.of()).bind(main, Bindings.NONE);
      return RandomInputs.of(graph, 7).get(input);
    }
  }

  private static Network network() {
    return new Network();
  }

  /** An operator that reads {@code i} and float tensors of the given shapes. */
  private static Tensor of(String op, Attributes attributes, TensorType own, Object... operands) {
    Network network = network().input("i", own);
    String[] names = new String[operands.length];
    for (int k = 0; k < names.length; k++) {
      names[k] = operands[k] instanceof String text ? text : "f" + k;
      if (operands[k] instanceof TensorType type) {
        network.input(names[k], type);
      } else if (operands[k] instanceof Tensor constant) {
        network.constant(names[k], constant);
      }
    }
    return network.add(op, "y", attributes, names).drawn("i");
  }

  private static Arguments spread(
      String op, Attributes attributes, long high, TensorType own, Object... operands) {
    return Arguments.of(op, of(op, attributes, own, operands), 0L, high);
  }

  private static Arguments fixed(
      String op, Attributes attributes, long value, TensorType own, Object... operands) {
    return Arguments.of(op, of(op, attributes, own, operands), value, value);
  }

  static Stream<Arguments> indices() {
    Attributes none = Attributes.NONE;
    TensorType table = floats(9, 4, 3);
    return Stream.of(
        spread("Gather", none, 8, longs(MANY), table, "i"),
        spread("Gather", Attributes.of("axis", -1), 2, longs(MANY), table, "i"),
        spread("GatherElements", Attributes.of("axis", 1), 3, longs(9, MANY, 3), table, "i"),
        spread("GatherND", none, 3, longs(MANY, 2), table, "i"),
        spread("GatherND", Attributes.of("batch_dims", 1), 2, longs(9, MANY, 2), table, "i"),
        spread("ScatterElements", none, 8, longs(MANY, 4, 3), table, "i", floats(MANY, 4, 3)),
        spread("ScatterND", none, 3, longs(MANY, 2), table, "i", floats(MANY, 3)),
        spread(
            "TensorScatter",
            none,
            6,
            longs(MANY),
            floats(MANY, 1, 8, 2),
            floats(MANY, 1, 2, 2),
            "i"),
        spread(
            "OneHot",
            none,
            5,
            longs(MANY),
            "i",
            Tensor.ofLong(6),
            Tensor.ofFloats(Shape.of(2), 0, 1)),
        spread("RoiAlign", none, 2, longs(MANY), floats(3, 2, 8, 8), floats(MANY, 4), "i"),
        spread("NegativeLogLikelihoodLoss", none, 4, longs(MANY), floats(MANY, 5), "i"),
        spread("SoftmaxCrossEntropyLoss", none, 4, longs(MANY), floats(MANY, 5), "i"),
        spread(
            "MaxUnpool",
            Attributes.of("kernel_shape", new long[] {2, 2}, "strides", new long[] {2, 2}),
            15,
            longs(1, 1, 2, 2),
            floats(1, 1, 2, 2),
            "i"),
        spread(
            "RotaryEmbedding",
            none,
            31,
            longs(2, MANY),
            floats(2, 1, MANY, 8),
            floats(32, 4),
            floats(32, 4),
            "i"),
        fixed(
            "LSTM",
            Attributes.of("hidden_size", 4),
            6,
            TensorType.of(DataType.INT32, 5),
            floats(6, 5, 3),
            floats(1, 16, 3),
            floats(1, 16, 4),
            "",
            "i"),
        fixed(
            "GRU",
            Attributes.of("hidden_size", 4, "layout", 1),
            6,
            TensorType.of(DataType.INT32, 5),
            floats(5, 6, 3),
            floats(1, 12, 3),
            floats(1, 12, 4),
            "",
            "i"),
        fixed(
            "ReverseSequence",
            Attributes.of("time_axis", 1, "batch_axis", 0),
            4,
            longs(9),
            table,
            "i"));
  }

  @ParameterizedTest(name = "{0} {2} to {3}")
  @MethodSource("indices")
  void indicesFillTheRangeOfTheirOperator(String op, Tensor drawn, long low, long high) {
    LongSummaryStatistics seen = LongStream.of(drawn.toLongs()).summaryStatistics();
    assertThat(seen.getMin()).isBetween(low, high);
    assertThat(seen.getMax()).isBetween(low, high);
    assertThat(LongStream.of(drawn.toLongs()).distinct().count())
        .as("values drawn")
        .isGreaterThanOrEqualTo(Math.min(high - low + 1, 3));
  }

  @Test
  void embeddingsReadTheirOwnTables() {
    Network network =
        network()
            .input("ids", TensorType.of(DataType.INT32, 2, MANY))
            .input("segments", TensorType.of(DataType.INT32, 2, MANY))
            .input("mask", TensorType.of(DataType.INT32, 2, MANY));
    List<String> operands = new ArrayList<>(List.of("ids", "segments"));
    for (long rows : new long[] {30, 200, 2, 1, 1}) {
      String name = "t" + operands.size();
      TensorType type = rows == 1 ? floats(8) : floats(rows, 8);
      operands.add(name);
      network.constant(name, new RandomTensor(type, rows, -1, 1));
    }
    operands.add("mask");
    network.add("com.microsoft:EmbedLayerNormalization", "y", operands.toArray(String[]::new));
    assertThat(LongStream.of(network.drawn("ids").toLongs())).allMatch(id -> 0 <= id && id < 30);
    assertThat(LongStream.of(network.drawn("segments").toLongs()))
        .allMatch(id -> 0 <= id && id < 2);
    assertThat(network.drawn("segments").toLongs()).contains(0, 1);
    assertThat(network.drawn("mask").toLongs()).containsOnly(1);
  }

  private static Network gathering(String indices) {
    return network()
        .constant("table", new RandomTensor(floats(10, 4), 1, -1, 1))
        .constant("four", Tensor.ofLong(4))
        .constant("fifty", Tensor.ofLong(50))
        .constant("sides", Tensor.ofLongs(-1, 2))
        .add("Gather", "y", "table", indices);
  }

  private static LongSummaryStatistics seen(Network network) {
    return LongStream.of(network.drawn("i").toLongs()).summaryStatistics();
  }

  @Test
  void theRangeHoldsBehindCopiesAndArithmetic() {
    Network copied =
        gathering("c")
            .input("i", TensorType.of(DataType.INT32, MANY))
            .add("Unsqueeze", "a", "i", "axis")
            .constant("axis", Tensor.ofLongs(0))
            .add("Identity", "b", "a")
            .add("Cast", "c", Attributes.of("to", DataType.INT64.code()), "b");
    assertThat(seen(copied).getMin()).isZero();
    assertThat(seen(copied).getMax()).isEqualTo(9);
    assertThat(bounds("Add", "i", "four")).containsExactly(-4, 5);
    assertThat(bounds("Sub", "i", "four")).containsExactly(4, 13);
    assertThat(bounds("Sub", "fifty", "i")).containsExactly(41, 50);
    assertThat(bounds("Mul", "four", "i")).containsExactly(0, 2);
    assertThat(bounds("Div", "i", "four")).containsExactly(0, 39);
    assertThat(bounds("Add", "i", "i")).containsExactly(0, 4);
  }

  /** The smallest and largest of many values drawn for {@code i} if {@code op} provides rows. */
  private static long[] bounds(String op, String first, String second) {
    Network network = gathering("r").input("i", longs(10 * MANY)).add(op, "r", first, second);
    LongSummaryStatistics seen = seen(network);
    return new long[] {seen.getMin(), seen.getMax()};
  }

  @Test
  void theRangeHoldsInsideBodies() {
    GraphTemplate then = body(gathering("i"), List.of());
    GraphTemplate otherwise = body(network().add("Neg", "y", "f"), List.of());
    Network branches =
        network()
            .input("i", longs(MANY))
            .input("f", floats(MANY, 4))
            .input("c", TensorType.of(DataType.BOOL))
            .add("If", "y", Attributes.of("then_branch", then, "else_branch", otherwise), "c");
    assertThat(seen(branches).getMin()).isZero();
    assertThat(seen(branches).getMax()).isEqualTo(9);

    Network rows = gathering("row");
    Network scan =
        network()
            .input("i", longs(MANY, 2))
            .add(
                "Scan",
                "y",
                Attributes.of(
                    "body",
                    body(rows, List.of(new ValueInfo("row", null, null))),
                    "num_scan_inputs",
                    1),
                "i");
    assertThat(seen(scan).getMax()).isEqualTo(9);
  }

  private static GraphTemplate body(Network network, List<ValueInfo> inputs) {
    return new GraphTemplate(
        "body",
        inputs,
        List.of(new ValueInfo("y", null, null)),
        network.constants,
        network.nodes,
        Map.of());
  }

  static Stream<Arguments> arguments() {
    Attributes none = Attributes.NONE;
    TensorType data = floats(2, 6, 1);
    return Stream.of(
        Arguments.of(of("Reshape", none, longs(3), data, "i"), new long[] {2, 6, 1}),
        Arguments.of(of("Reshape", none, longs(2), data, "i"), new long[] {-1, 1}),
        Arguments.of(
            of("Slice", none, longs(2), data, "i", Tensor.ofLongs(9, 9)), new long[] {0, 0}),
        Arguments.of(
            of("Slice", none, longs(2), data, Tensor.ofLongs(0, 0), Tensor.ofLongs(9, 9), "i"),
            new long[] {0, 1}),
        Arguments.of(of("Pad", none, longs(6), data, "i"), new long[6]),
        Arguments.of(of("Unsqueeze", none, longs(2), data, "i"), new long[] {0, 1}),
        Arguments.of(of("Squeeze", none, longs(1), data, "i"), new long[] {2}),
        Arguments.of(of("ReduceSum", none, longs(2), data, "i"), new long[] {0, 1}),
        Arguments.of(of("Expand", none, longs(3), data, "i"), new long[] {1, 1, 1}),
        Arguments.of(of("CumSum", none, longs(), data, "i"), new long[] {0}),
        Arguments.of(of("CenterCropPad", none, longs(3), data, "i"), new long[] {2, 6, 1}),
        Arguments.of(of("Resize", none, longs(3), data, "", "", "i"), new long[] {2, 6, 1}),
        // 20 blocks as 4 x 5: sides of 4 + 2 - 2 and 5 + 2 - 2 with pads of 1
        Arguments.of(
            of(
                "Col2Im",
                Attributes.of("pads", new long[] {1, 1, 1, 1}),
                longs(2),
                floats(1, 9, 20),
                "i",
                Tensor.ofLongs(3, 3)),
            new long[] {4, 5}),
        Arguments.of(
            of("Col2Im", none, longs(2), floats(1, 9, 20), Tensor.ofLongs(4, 5), "i"),
            new long[] {1, 1}),
        Arguments.of(
            of("Col2Im", none, longs(2), floats(1, 9, 20), Tensor.ofLongs(6, 7), "i"),
            new long[] {3, 3}),
        // 5 tokens of two sequences with room for 4 each: 2 and 3, then the padding
        Arguments.of(
            of(
                "com.microsoft:PackedAttention",
                Attributes.of("num_heads", 2L),
                TensorType.of(DataType.INT32, 2, 4),
                packed("i", DenseTensor.ofDoubles(TensorType.of(DataType.INT32, 3), 0, 2, 5))),
            new long[] {0, 1, 4, 5, 6, 2, 3, 7}),
        Arguments.of(
            of(
                "com.microsoft:PackedAttention",
                Attributes.of("num_heads", 2L),
                TensorType.of(DataType.INT32, 3),
                packed(
                    DenseTensor.ofDoubles(
                        TensorType.of(DataType.INT32, 2, 4), 0, 1, 4, 5, 6, 2, 3, 7),
                    "i")),
            new long[] {0, 2, 5}));
  }

  private static Object[] packed(Object offsets, Object starts) {
    TensorType width = floats(8, 24);
    return new Object[] {floats(5, 8), width, floats(24), offsets, starts};
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("arguments")
  void argumentsOfShapesAreValid(Tensor drawn, long[] expected) {
    assertThat(drawn.toLongs()).containsExactly(expected);
  }

  @Test
  void anAmountIsWithinTheAxis() {
    assertThat(of("TopK", Attributes.of("axis", 1), longs(1), floats(2, 6), "i").longAt(0))
        .isBetween(1L, 6L);
    assertThat(LongStream.of(of("Tile", Attributes.NONE, longs(2), floats(2, 6), "i").toLongs()))
        .allMatch(times -> times == 1 || times == 2);
  }

  @Test
  void integersThatAreNotIndicesAreOnes() {
    Network mask = network().input("i", longs(MANY)).add("Cast", "y", Attributes.of("to", 1), "i");
    assertThat(mask.drawn("i").toLongs()).containsOnly(1);
  }
}
