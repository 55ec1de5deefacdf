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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * ONNX Runtime's operators: what one costs is written as the arithmetic of docs/counting.md. Inputs
 * are {@code f2x3} (fed), {@code F2x3} (stored) or {@code i=7} (a constant); i and u are integers.
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
}
