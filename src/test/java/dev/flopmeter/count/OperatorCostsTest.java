package dev.flopmeter.count;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** One node each; its cost is written as the arithmetic of docs/counting.md. */
class OperatorCostsTest {
  private static final int OPSET = 28;

  /** The work of {@code op} on float inputs of these shapes; an empty shape omits the input. */
  private static Work work(int opset, String op, Attributes attributes, int outputs, String... in) {
    GraphBuilder builder = new GraphBuilder("one", opset);
    List<String> operands = new ArrayList<>();
    for (String shape : in) {
      String name = shape.isEmpty() ? "" : "in" + operands.size();
      if (!shape.isEmpty()) {
        boolean isLabel = op.endsWith("Loss") && operands.size() == 1;
        DataType type = isLabel ? DataType.INT64 : DataType.FLOAT;
        builder.input(name, new TensorType(type, Shape.parse(shape)));
      }
      operands.add(name);
    }
    List<String> results = new ArrayList<>();
    for (int i = 0; i < outputs; i++) {
      results.add("out" + i);
    }
    builder.add(op, "node", attributes, operands, results, Map.of());
    Graph graph = builder.build(List.of("out0"));
    Counts counts = Counter.standard().count(graph);
    assertThat(counts.uncounted()).isEmpty();
    long macs = counts.totals().macs();
    return new Work(macs, counts.totals().flops() - 2 * macs);
  }

  private static Work work(String op, Attributes attributes, int outputs, String... in) {
    return work(OPSET, op, attributes, outputs, in);
  }

  @Test
  void convolutions() {
    Attributes grouped = Attributes.of("group", 2L, "strides", new long[] {2, 2});
    long out = 3 * 6 * 4 * 4;
    assertThat(work("Conv", grouped, 1, "3x4x9x9", "6x2x3x3", "6"))
        .isEqualTo(new Work(out * 2 * 3 * 3, out));
    assertThat(work("ConvTranspose", grouped, 1, "3x4x9x9", "4x5x3x3"))
        .isEqualTo(Work.macs(3 * 4 * 9 * 9 * 5 * 3 * 3)); // each input value meets each weight
    assertThat(work("Conv", Attributes.NONE, 1, "1x2x10", "3x2x4"))
        .isEqualTo(Work.macs(3 * 7 * 2 * 4));
    assertThat(work("Conv", Attributes.NONE, 1, "1x2x5x6x7", "3x2x2x2x2"))
        .isEqualTo(Work.macs(3 * 4 * 5 * 6 * 2 * 8));
  }

  @Test
  void matrixProducts() {
    assertThat(work("MatMul", Attributes.NONE, 1, "5x1x3x4", "7x4x2"))
        .isEqualTo(Work.macs(5 * 7 * 3 * 2 * 4));
    assertThat(work("Einsum", Attributes.of("equation", "bij,bjk->bik"), 1, "5x3x4", "5x4x2"))
        .isEqualTo(Work.macs(5 * 3 * 4 * 2));
    assertThat(work("Gemm", Attributes.of("transB", 1L, "beta", 0.5f), 1, "3x4", "2x4", "2"))
        .isEqualTo(new Work(3 * 2 * 4, 3 * 2 + 2));
  }

  /** A repeated index reads only the diagonal; summing n values costs n - 1. */
  @Test
  void contractionsOfOneOperand() {
    assertThat(einsum("ii->", "5x5")).isEqualTo(Work.flops(5 - 1));
    assertThat(einsum("ii", "5x5")).isEqualTo(Work.flops(5 - 1));
    assertThat(einsum("ii->i", "5x5")).isEqualTo(Work.NONE);
    assertThat(einsum("bii->b", "3x5x5")).isEqualTo(Work.flops(3 * 5 - 3));
    assertThat(einsum("...ii->...i", "2x3x5x5")).isEqualTo(Work.NONE);
    assertThat(einsum("iijj->", "5x5x4x4")).isEqualTo(Work.flops(5 * 4 - 1));
    assertThat(einsum("iijj->ij", "5x5x4x4")).isEqualTo(Work.NONE);
    assertThat(einsum("iii->i", "5x5x5")).isEqualTo(Work.NONE);
    assertThat(einsum("iji->j", "5x4x5")).isEqualTo(Work.flops(5 * 4 - 4));
    assertThat(einsum("ij->i", "5x4")).isEqualTo(Work.flops(5 * 4 - 5));
    assertThat(einsum("ij->ji", "5x4")).isEqualTo(Work.NONE);
  }

  private static Work einsum(String equation, String... in) {
    return work("Einsum", Attributes.of("equation", equation), 1, in);
  }

  /**
   * The work of a recurrent operator on 7 steps of 3 sequences, 4 wide, with constant {@code
   * lengths}, or none.
   */
  private static Work recurrent(
      String op, int gates, int directions, long layout, long... lengths) {
    GraphBuilder builder = new GraphBuilder("one", OPSET);
    TensorType x = TensorType.of(DataType.FLOAT, layout == 0 ? 7 : 3, layout == 0 ? 3 : 7, 4);
    builder.input("x", x);
    builder.input("w", TensorType.of(DataType.FLOAT, directions, gates * 8L, 4));
    builder.input("r", TensorType.of(DataType.FLOAT, directions, gates * 8L, 8));
    TensorType ints = TensorType.of(DataType.INT32, 3);
    if (lengths.length == 0) {
      builder.input("lengths", ints);
    } else {
      builder.constant("lengths", DenseTensor.ofLongs(ints, lengths));
    }
    Attributes attributes =
        Attributes.of(
            "hidden_size",
            8,
            "layout",
            layout,
            "direction",
            directions == 2 ? "bidirectional" : "forward");
    builder.add(
        op, "node", attributes, List.of("x", "w", "r", "", "lengths"), List.of("y"), Map.of());
    Cost cost = Counter.standard().count(builder.build(List.of("y"))).totals();
    return new Work(cost.macs(), cost.flops() - 2 * cost.macs());
  }

  @Test
  void onlyTheStepsThatConstantLengthsLeaveAreCounted() {
    Map<String, Integer> gates = Map.of("RNN", 1, "GRU", 3, "LSTM", 4);
    gates.forEach(
        (op, number) -> {
          for (int directions : new int[] {1, 2}) {
            for (long layout : new long[] {0, 1}) {
              Work all = recurrent(op, number, directions, layout);
              long step = number * directions * 8L * (4 + 8);
              assertThat(all.macs()).as(op).isEqualTo(7 * 3 * step);
              Work some = recurrent(op, number, directions, layout, 7, 3, 1);
              assertThat(some.macs()).as(op).isEqualTo((7 + 3 + 1) * step);
              assertThat(some.otherFlops()).isEqualTo(all.otherFlops() / (7 * 3) * (7 + 3 + 1));
              assertThat(recurrent(op, number, directions, layout, 7, 7, 7)).isEqualTo(all);
              assertThat(recurrent(op, number, directions, layout, 9, 0, 0).macs())
                  .as("no sequence is longer than the input")
                  .isEqualTo(7 * step);
            }
          }
        });
  }

  @Test
  void attentionWithMasks() {
    String[] in = {"2x4x6x8", "2x4x9x8", "2x4x9x5"};
    long scores = 2 * 4 * 6 * 9;
    long macs = scores * (8 + 5);
    assertThat(work("Attention", Attributes.NONE, 1, in)).isEqualTo(new Work(macs, 6 * scores));
    for (String mask : List.of("is_causal", "left_window_size", "right_window_size")) {
      assertThat(work("Attention", Attributes.of(mask, 1L), 1, in))
          .isEqualTo(new Work(macs, (6 + 1) * scores));
    }
  }

  @Test
  void normalisationInTraining() {
    String[] in = {"2x3x4", "3", "3", "3", "3"};
    assertThat(work("BatchNormalization", Attributes.NONE, 1, in)).isEqualTo(Work.flops(2 * 24));
    Attributes training = Attributes.of("training_mode", 1L);
    assertThat(work("BatchNormalization", training, 3, in)).isEqualTo(Work.flops((2 + 4) * 24));
    assertThat(work(9, "BatchNormalization", Attributes.NONE, 5, in))
        .isEqualTo(Work.flops((2 + 4) * 24));
    assertThat(work(6, "BatchNormalization", Attributes.of("is_test", 1L), 1, in))
        .isEqualTo(Work.flops(2 * 24));
  }

  @Test
  void losses() {
    long labels = 2 * 4;
    Attributes each = Attributes.of("reduction", "none");
    assertThat(work("NegativeLogLikelihoodLoss", each, 1, "2x3x4", "2x4"))
        .isEqualTo(Work.flops(labels));
    assertThat(work("NegativeLogLikelihoodLoss", Attributes.NONE, 1, "2x3x4", "2x4", "3"))
        .isEqualTo(Work.flops((1 + 1 + 1) * labels));
    assertThat(work("SoftmaxCrossEntropyLoss", Attributes.NONE, 2, "2x3x4", "2x4"))
        .isEqualTo(Work.flops(5 * 24 + (1 + 1) * labels));
  }

  @Test
  void layersThatCarryAState() {
    long out = 2 * 8 * 5;
    assertThat(
            work(
                "CausalConvWithState",
                Attributes.of("activation", "silu"),
                2,
                "2x8x5",
                "8x1x4",
                "8",
                "2x8x3"))
        .isEqualTo(new Work(out * 4, out + 5 * out));
    long tokens = 2 * 5;
    long matrix = 6 * 7;
    Attributes linear =
        Attributes.of("q_num_heads", 4L, "kv_num_heads", 2L, "update_rule", "linear");
    assertThat(work("LinearAttention", linear, 2, "2x5x24", "2x5x12", "2x5x14"))
        .isEqualTo(new Work(tokens * matrix * (4 + 2), tokens * 4 * 7));
    Attributes delta = linear.with("update_rule", "gated_delta");
    assertThat(
            work("LinearAttention", delta, 2, "2x5x24", "2x5x12", "2x5x14", "", "2x5x2", "2x5x2"))
        .isEqualTo(
            new Work(
                tokens * matrix * (4 + 2 + 2),
                tokens * 4 * 7 + tokens * 2 * matrix + tokens * 2 + 2 * tokens * 2 * 7));
    assertThat(work("SwiGLU", Attributes.NONE, 1, "2x3", "2x3")).isEqualTo(Work.flops(6 * 6));
  }
}
