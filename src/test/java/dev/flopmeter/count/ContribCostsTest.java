package dev.flopmeter.count;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * ONNX Runtime's operators: their cost is written as the arithmetic of docs/counting.md. Inputs are
 * {@code f2x3} (fed), {@code F2x3} (stored) or {@code i=7} (a constant); i and u are integers.
 */
class ContribCostsTest {
  private static Counts count(String op, Attributes attributes, String... inputs) {
    GraphBuilder graph = new GraphBuilder("one", 21);
    List<String> names = new ArrayList<>();
    for (String each : inputs) {
      names.add(each.isEmpty() ? "" : declare(graph, "in" + names.size(), each));
    }
    List<String> outputs = List.of("y");
    graph.add(new Node("n", "com.microsoft", op, 1, names, outputs, attributes, Map.of()));
    return Counter.standard().count(graph.build(outputs));
  }

  private static String declare(GraphBuilder graph, String name, String text) {
    DataType type =
        switch (Character.toLowerCase(text.charAt(0))) {
          case 'f' -> DataType.FLOAT;
          case 'h' -> DataType.FLOAT16;
          case 'u' -> DataType.UINT8;
          case 'l' -> DataType.INT64;
          default -> DataType.INT32;
        };
    if (text.charAt(1) == '=') {
      String[] values = text.substring(2).split(",");
      long[] longs = java.util.Arrays.stream(values).mapToLong(Long::parseLong).toArray();
      return graph.constant(name, DenseTensor.ofLongs(TensorType.of(type, longs.length), longs));
    }
    TensorType tensor = new TensorType(type, Shape.parse(text.substring(1)));
    boolean isStored = Character.isUpperCase(text.charAt(0));
    return isStored
        ? graph.constant(name, DenseTensor.ofLongs(tensor, new long[(int) tensor.elements()]))
        : graph.input(name, tensor);
  }

  private static Work work(String op, Attributes attributes, String... inputs) {
    Counts counts = count(op, attributes, inputs);
    assertThat(counts.uncounted()).isEmpty();
    return counts.work();
  }

  private static final Attributes HEADS = Attributes.of("num_heads", 4);

  @Test
  void attentionOfSeparateQueriesKeysAndValues() {
    long scores = 2 * 4 * 5 * 7;
    assertThat(work("MultiHeadAttention", HEADS, "f2x5x32", "f2x7x32", "f2x7x16"))
        .isEqualTo(new Work(scores * (8 + 4), scores * 6));
    long biased = 2 * (5 * 32 + 7 * (32 + 16));
    assertThat(work("MultiHeadAttention", HEADS, "f2x5x32", "f2x7x32", "f2x7x16", "F80", "i2x7"))
        .isEqualTo(new Work(scores * (8 + 4), scores * 7 + biased));
  }

  @ParameterizedTest
  @CsvSource({"f2x5x4x3x8, ''", "f2x5x32, f2x5x4x2x8", "f2x5x32, f2x4x5x8"})
  void packedFormsCostTheSame(String query, String key) {
    String value = key.equals("f2x4x5x8") ? key : "";
    assertThat(work("MultiHeadAttention", HEADS, query, key, value).macs())
        .isEqualTo(2 * 4 * 5 * 5 * (8 + 8));
  }

  @Test
  void theKeysOfThePastCount() {
    String past = "f2x4x6x8";
    assertThat(
            work(
                    "MultiHeadAttention",
                    HEADS,
                    "f2x1x32",
                    "f2x1x32",
                    "f2x1x32",
                    "",
                    "",
                    "",
                    past,
                    past)
                .macs())
        .isEqualTo(2 * 4 * 1 * (6 + 1) * (8 + 8));
    assertThat(
            work(
                    "DecoderMaskedMultiHeadAttention",
                    HEADS,
                    "f2x1x96",
                    "",
                    "",
                    "",
                    "",
                    past,
                    past,
                    "i=3")
                .macs())
        .isEqualTo(2 * 4 * 1 * (3 + 1) * (8 + 8));
  }

  @Test
  void fewerHeadsOfKeysDoNotReduceTheProducts() {
    Attributes grouped = Attributes.of("num_heads", 4, "kv_num_heads", 2, "softcap", 2.0);
    String past = "f2x2x6x8";
    long scores = 2 * 4 * 1 * (6 + 1);
    assertThat(
            work(
                "GroupQueryAttention",
                grouped,
                "f2x1x32",
                "f2x1x16",
                "f2x1x16",
                past,
                past,
                "i2",
                "i1"))
        .isEqualTo(new Work(scores * (8 + 8), scores * (6 + 1 + 3)));
    long rotated = 2 * (4 + 2) * 8;
    assertThat(
            work(
                "GroupQueryAttention",
                grouped.with("do_rotary", 1),
                "f2x1x64",
                "",
                "",
                past,
                past,
                "i2",
                "i=5",
                "F16x4",
                "F16x4"))
        .isEqualTo(new Work(2 * 4 * 5 * (8 + 8), 2 * 4 * 5 * (6 + 1 + 3) + 3 * rotated));
  }

  /** Three sequences of 1, 2 and 4 tokens. */
  @Test
  void packedSequencesCountTheirOwnLengthsWhereTheseAreConstant() {
    String ends = "i=0,1,3,7";
    long own = (1 + 2 * 2 + 4 * 4) * 4;
    assertThat(work("PackedMultiHeadAttention", HEADS, "f7x32", "f7x32", "f7x16", "", "i3x4", ends))
        .isEqualTo(new Work(own * (8 + 4), own * 6));
    long padded = 3 * 4 * 4 * 4;
    assertThat(work("PackedMultiHeadAttention", HEADS, "f7x4x3x8", "", "", "", "i3x4", "i4"))
        .isEqualTo(new Work(padded * (8 + 8), padded * 6));
  }

  /** 70,000 sequences of one token each. */
  @Test
  void anyNumberOfPackedSequencesIsCounted() {
    String ends =
        IntStream.rangeClosed(0, 70_000)
            .mapToObj(Integer::toString)
            .collect(Collectors.joining(",", "i=", ""));
    long own = 70_000 * 4;
    String[] packed = {"f70000x32", "f70000x32", "f70000x16", "", "i70000x1", ends};
    assertThat(work("PackedMultiHeadAttention", HEADS, packed))
        .isEqualTo(new Work(own * (8 + 4), own * 6));
  }

  @Test
  void rotationsCostThreeForEachElementThatTurns() {
    assertThat(work("RotaryEmbedding", Attributes.NONE, "f2x5x32", "l2x5", "F9x4", "F9x4"))
        .isEqualTo(Work.flops(3 * 2 * 5 * 32));
    Attributes part = Attributes.of("num_heads", 4, "rotary_embedding_dim", 2);
    assertThat(work("RotaryEmbedding", part, "f2x5x32", "l2x5", "F9x1", "F9x1"))
        .isEqualTo(Work.flops(3 * 2 * 5 * 4 * 2));
  }

  @Test
  void cachedRotationsAreNoParameters() {
    assertThat(
            count("RotaryEmbedding", Attributes.NONE, "f2x5x32", "l2x5", "F9x4", "F9x4")
                .totals()
                .params())
        .isZero();
  }

  private static final Attributes BLOCKS =
      Attributes.of("K", 64, "N", 32, "bits", 4, "block_size", 32);

  @Test
  void aProductWithPackedWeightsIsAProduct() {
    Counts counts = count("MatMulNBits", BLOCKS, "f2x5x64", "U32x2x16", "F64");
    assertThat(counts.work()).isEqualTo(Work.macs(2 * 5 * 64 * 32));
    assertThat(counts.totals().params()).isEqualTo(64 * 32);
    assertThat(counts.totals().bytesRead()).isEqualTo(2 * 5 * 64 * 4 + 64 * 32 / 2 + 64 * 4);
    assertThat(work("MatMulNBits", BLOCKS, "f2x5x64", "U32x2x16", "F64", "U32", "", "F32"))
        .isEqualTo(new Work(2 * 5 * 64 * 32, 2 * 5 * 32));
  }

  @Test
  void otherPackings() {
    Attributes table = Attributes.of("K", 30, "N", 5, "block_size", 16, "quant_type", 1);
    Counts counts = count("MatMulBnb4", table, "f3x30", "U75", "F10");
    assertThat(counts.work()).isEqualTo(Work.macs(3 * 30 * 5));
    assertThat(counts.totals().params()).isEqualTo(30 * 5);
    counts = count("MatMulFpQ4", Attributes.NONE, "f3x40", "U210", "l=40,5");
    assertThat(counts.work()).isEqualTo(Work.macs(3 * 40 * 5));
    assertThat(counts.totals().params()).isEqualTo(40 * 5);
  }

  @Test
  void aTableOfPackedRowsReadsTheRowsItPicks() {
    Attributes rows = Attributes.of("bits", 4, "block_size", 32);
    Counts counts = count("GatherBlockQuantized", rows, "U100x32", "l3", "F100x2");
    assertThat(counts.totals().params()).isEqualTo(100 * 64);
    assertThat(counts.totals().bytesRead()).isEqualTo(3 * 64 / 2 + 3 * 8 + 3 * 2 * 4);
    assertThat(counts.work()).isEqualTo(Work.flops(2 * 3 * 64));
  }

  /** 6 tokens, 4 experts from 16 to 32 values and back, 2 of them per token. */
  @Test
  void aMixtureCountsTheExpertsThatATokenGoesTo() {
    Attributes two = Attributes.of("k", 2, "activation_type", "silu");
    Counts counts = count("MoE", two, "f6x16", "f6x4", "F4x32x16", "", "F4x16x32");
    assertThat(counts.work())
        .isEqualTo(new Work(6 * 2 * 2 * 16 * 32, 6 * 2 * (5 * 32 + 2 * 16) + 5 * 6 * 4));
    assertThat(counts.totals().params()).isEqualTo(4 * 2 * 16 * 32);
    Attributes packed = two.with("expert_weight_bits", 4);
    counts = count("QMoE", packed, "f1x16", "f1x4", "U4x32x8", "F4x32", "", "U4x16x16", "F4x16");
    assertThat(counts.work().macs()).isEqualTo(2 * 2 * 16 * 32);
    assertThat(counts.totals().params()).isEqualTo(4 * 2 * 16 * 32);
    long ofTwo = 2 * 2 * 16 * 32 / 2 + 2 * (32 + 16) * 4;
    assertThat(counts.totals().bytesRead()).isEqualTo(16 * 4 + 4 * 4 + ofTwo);
  }

  private static void refuses(String message, String op, Attributes attributes, String... inputs) {
    assertThatThrownBy(() -> count(op, attributes, inputs))
        .isInstanceOf(ModelException.class)
        .hasMessage("node 'n' (com.microsoft:" + op + "): " + message);
  }

  @Test
  void namesWhatContradicts() {
    refuses(
        "the attribute 'num_heads' is 0, not at least 1",
        "MultiHeadAttention",
        Attributes.of("num_heads", 0),
        "f2x5x32",
        "f2x7x32",
        "f2x7x32");
    refuses(
        "32 values cannot be split into 'num_heads' = 5",
        "MultiHeadAttention",
        Attributes.of("num_heads", 5),
        "f2x5x32",
        "f2x7x32",
        "f2x7x32");
    refuses(
        "queries of depth 8 and keys of depth 6 do not match",
        "MultiHeadAttention",
        HEADS,
        "f2x5x32",
        "f2x7x24",
        "f2x7x32");
    refuses(
        "'num_heads' is 4, not a multiple of 'kv_num_heads', 3",
        "GroupQueryAttention",
        Attributes.of("num_heads", 4, "kv_num_heads", 3),
        "f2x5x32",
        "f2x5x24",
        "f2x5x24",
        "",
        "",
        "i2",
        "i1");
    refuses(
        "'total_sequence_length' is 9, not between 1 and 7",
        "GroupQueryAttention",
        Attributes.of("num_heads", 4, "kv_num_heads", 2),
        "f2x1x32",
        "f2x1x16",
        "f2x1x16",
        "f2x2x6x8",
        "f2x2x6x8",
        "i2",
        "i=9");
  }

  /** Blocks of 16 output channels, the last 4 of them padding. */
  @Test
  void channelsThatFillABlockAreNoParameters() {
    GraphBuilder graph = new GraphBuilder("one", 21);
    String x = graph.input("x", TensorType.of(DataType.FLOAT, 1, 3, 8, 8));
    float[] weights = new float[16 * 3 * 3 * 3];
    float[] bias = new float[16];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = i % 16 < 12 ? 1 : 0;
      bias[i % 16] = weights[i];
    }
    graph.constant("w", DenseTensor.ofFloats(Shape.of(16, 3, 3, 3), weights));
    graph.constant("b", DenseTensor.ofFloats(Shape.of(16), bias));
    List<String> names = List.of(x, "w", "b");
    List<String> outputs = List.of("y");
    graph.add(
        new Node("n", "com.microsoft.nchwc", "Conv", 1, names, outputs, Attributes.NONE, Map.of()));
    Counts counts = Counter.standard().count(graph.build(outputs));
    assertThat(counts.totals().params()).isEqualTo(12 * 3 * 3 * 3 + 12);
    assertThat(counts.totals().macs()).isEqualTo(12 * 3 * 3 * 3 * 6 * 6);
  }

  @Test
  void namesWhatDoesNotFitPackedWeights() {
    String[] inputs = {"f2x64", "U32x2x16", "F64"};
    refuses(
        "'block_size' is 24, not a power of two of at least 16",
        "MatMulNBits",
        BLOCKS.with("block_size", 24),
        inputs);
    refuses("'bits' is 5, not 2, 4 or 8", "MatMulNBits", BLOCKS.with("bits", 5), inputs);
    refuses("'N' is 0, not at least 1", "MatMulNBits", BLOCKS.with("N", 0), inputs);
    refuses(
        "'B' is uint8[32x2x16]; the attributes ask for 2048 elements",
        "MatMulNBits",
        BLOCKS.with("bits", 8),
        inputs);
    refuses(
        "'scales' is float32[63]; the attributes ask for 64 elements",
        "MatMulNBits",
        BLOCKS,
        "f2x64",
        "U32x2x16",
        "F63");
    refuses(
        "the input 2x60 does not fit weights of 64 x 32",
        "MatMulNBits",
        BLOCKS,
        "f2x60",
        "U32x2x16",
        "F64");
    refuses(
        "'quant_type' is 2, not 0 (FP4) or 1 (NF4)",
        "MatMulBnb4",
        Attributes.of("K", 30, "N", 5, "block_size", 16, "quant_type", 2),
        "f3x30",
        "U75",
        "F10");
    refuses(
        "'k' is 5, not between 1 and the 4 experts",
        "MoE",
        Attributes.of("k", 5),
        "f6x16",
        "f6x4",
        "F4x32x16",
        "",
        "F4x16x32");
    refuses(
        "'block_size' is 32, which does not divide 16 and 32",
        "QMoE",
        Attributes.of("block_size", 32),
        "f1x16",
        "f1x4",
        "U4x32x8",
        "F4x32",
        "",
        "U4x16x16",
        "F4x16");
  }

  @Test
  void aSearchNamesWhatIsMissing() {
    assertThat(count("BeamSearch", Attributes.NONE, "i1x5").uncounted())
        .extracting(Uncounted::op, Uncounted::reason)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(
                "com.microsoft:BeamSearch",
                "it runs the graphs in its attributes until a search ends; count those graphs as"
                    + " separate models"));
  }

  @Test
  void nodesAfterAnUnknownOperatorSaySo() {
    GraphBuilder graph = new GraphBuilder("two", 21);
    graph.input("x", TensorType.of(DataType.FLOAT, 2, 3));
    graph.add(
        new Node(
            "odd", "com.example", "Odd", 1, List.of("x"), List.of("y"), Attributes.NONE, Map.of()));
    graph.add("Relu", "r", Attributes.NONE, "y");
    graph.add("Sigmoid", "s", Attributes.NONE, "r");
    assertThat(Counter.standard().count(graph.build(List.of("s"))).uncounted())
        .extracting(Uncounted::op, Uncounted::reason)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("com.example:Odd", "no rule for this operator"),
            org.assertj.core.groups.Tuple.tuple(
                "Relu", "behind node 'odd' of the unknown operator com.example:Odd"),
            org.assertj.core.groups.Tuple.tuple(
                "Sigmoid", "behind node 'odd' of the unknown operator com.example:Odd"));
  }
}
