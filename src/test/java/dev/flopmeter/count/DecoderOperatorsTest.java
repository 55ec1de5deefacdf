package dev.flopmeter.count;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Fused gates and projections of decoders, compared with hand counts; a sigmoid is 4 operations.
 */
class DecoderOperatorsTest {
  private static final Attributes PACKED = Attributes.of("K", 64, "bits", 4, "block_size", 32);

  /** Types of the inputs, prefixed by {@code w} if stored; empty for an omitted one. */
  private static Counts count(String op, Attributes attributes, int outputs, TensorType... types) {
    GraphBuilder graph = new GraphBuilder("one", 21);
    List<String> names = new ArrayList<>();
    for (TensorType type : types) {
      String name = type == null ? "" : "in" + names.size();
      names.add(name);
      if (type != null && type.type() == DataType.FLOAT) {
        graph.input(name, type);
      } else if (type != null) {
        graph.constant(name, new RandomTensor(type, 1, 0, 16));
      }
    }
    List<String> results = List.of("y0", "y1", "y2", "y3").subList(0, outputs);
    graph.add(new Node("n", "com.microsoft", op, 1, names, results, attributes, Map.of()));
    Counts counts = Counter.standard().count(graph.build(results));
    assertThat(counts.uncounted()).isEmpty();
    return counts;
  }

  private static TensorType f(long... dims) {
    return TensorType.of(DataType.FLOAT, dims);
  }

  private static TensorType bytes(long... dims) {
    return TensorType.of(DataType.UINT8, dims);
  }

  private static Work work(String op, Attributes attributes, int outputs, TensorType... types) {
    return count(op, attributes, outputs, types).work();
  }

  @Test
  void gates() {
    assertThat(work("ScaledSiLU", Attributes.NONE, 1, f(2, 8))).isEqualTo(Work.flops(6 * 16));
    assertThat(work("SwiGLU", Attributes.NONE, 1, f(2, 16), f(2, 16)))
        .isEqualTo(Work.flops((1 + 1 + 4 + 1 + 1) * 32));
    assertThat(work("SwiGLU", Attributes.of("limit", 7f), 1, f(2, 32)).otherFlops())
        .isGreaterThan((1 + 1 + 4 + 1 + 1) * 32);
    assertThat(work("GatedAdd", Attributes.NONE, 1, f(2, 8), f(2, 8), f(2, 1)))
        .isEqualTo(Work.flops(2 * 16));
    assertThat(work("GatedAdd", Attributes.NONE, 1, f(2, 8), f(2, 8), f(2, 5), f(5, 1)))
        .isEqualTo(new Work(2 * 5, 2 * 4 + 2 * 16));
    assertThat(work("GatedRMSNorm", Attributes.NONE, 1, f(2, 16), f(8), f(2, 16)))
        .isEqualTo(Work.flops((4 + 4 + 1 + 1) * 32));
  }

  @Test
  void routerAndSharedExpertAreOneProduct() {
    Attributes routes = Attributes.of("router_size", 4);
    Counts counts = count("RouterGateUpProj", routes, 2, f(2, 8), f(8, 4 + 12));
    assertThat(counts.work()).isEqualTo(new Work(2 * 8 * 16, 8 * 2 * 6));
    assertThat(counts.layers().get(0).outputShapes()).hasToString("[2x4, 2x6]");
  }

  @Test
  void projectionsOfFourBits() {
    TensorType weights = bytes(24, 2, 16);
    TensorType scales = f(24 * 2);
    Attributes one = PACKED.with("N", 24).with("activation", "silu");
    Counts counts =
        count(
            "MatMulNBitsMlp", one, 1, f(3, 64), null, null, weights, scales, null, weights, scales);
    assertThat(counts.work().macs()).isEqualTo(2 * 3 * 64 * 24);
    assertThat(counts.totals().params()).isEqualTo(2 * 64 * 24);
    Attributes three = PACKED.with("Nq", 24).with("Nkv", 24);
    TensorType[] inputs = {
      f(3, 64), null, f(64), weights, scales, null, weights, scales, null, weights, scales
    };
    counts = count("MatMulNBitsQkv", three, 3, inputs);
    assertThat(counts.work().macs()).isEqualTo(3 * 3 * 64 * 24);
    assertThat(counts.totals().params()).isEqualTo(3 * 64 * 24);
  }

  @Test
  void attentionOfPackedSequences() {
    TensorType offsets = TensorType.of(DataType.INT32, 2, 3);
    TensorType ends = TensorType.of(DataType.INT32, 3);
    GraphBuilder graph = new GraphBuilder("one", 21);
    graph.input("x", f(4, 16));
    graph.input("w", f(16, 48));
    graph.input("b", f(48));
    graph.constant("o", new RandomTensor(offsets, 1, 0, 4));
    graph.constant("e", DenseTensor.ofLongs(ends, 0, 1, 4));
    graph.add(
        new Node(
            "n",
            "com.microsoft",
            "PackedAttention",
            1,
            List.of("x", "w", "b", "o", "e"),
            List.of("y"),
            Attributes.of("num_heads", 2),
            Map.of()));
    Work work = Counter.standard().count(graph.build(List.of("y"))).work();
    assertThat(work.macs()).isEqualTo(4 * 16 * 48 + (1 + 9) * (16 + 16));
  }

  @Test
  void weightsOfEightBitFloats() {
    TensorType weights = TensorType.of(DataType.FLOAT8E4M3FN, 24, 256);
    Counts counts =
        count("MatMulBlockQuantizedFp8Weight", Attributes.NONE, 1, f(3, 256), weights, f(24, 2));
    assertThat(counts.work()).isEqualTo(new Work(3 * 256 * 24, 2 * 24 * 256));
    assertThat(counts.totals().params()).isEqualTo(24 * 256);
  }

  @Test
  void branchesMustDivide() {
    assertThatThrownBy(
            () -> count("BranchwiseRMSNorm", Attributes.of("num_branches", 5), 1, f(2, 32)))
        .isInstanceOf(ModelException.class)
        .hasMessage(
            "node 'n' (com.microsoft:BranchwiseRMSNorm): 'num_branches' is 5, which does not divide"
                + " 2x32");
  }

  /** For every operator with a stored scale: one line that names node and input. */
  @ParameterizedTest
  @CsvSource({
    "QuantizeLinear, 1, NaN",
    "QuantizeLinear, 1, 0",
    "QuantizeLinear, 1, -Infinity",
    "DequantizeLinear, 1, NaN",
    "DequantizeLinear, 1, -Infinity",
    "QLinearMatMul, 1, NaN",
    "QLinearMatMul, 4, 0",
    "QLinearMatMul, 6, NaN",
    "com.microsoft:QLinearAdd, 1, NaN",
    "com.microsoft:QLinearAdd, 4, 0",
    "com.microsoft:QLinearAdd, 6, -Infinity",
    "com.microsoft:MatMulNBits, 2, NaN"
  })
  void namesAnInvalidScale(String qualified, int index, double value) {
    int colon = qualified.indexOf(':');
    String op = qualified.substring(colon + 1);
    boolean isPacked = op.equals("MatMulNBits");
    TensorType data = op.equals("QuantizeLinear") || isPacked ? f(32, 32) : bytes(32, 32);
    GraphBuilder graph = new GraphBuilder("one", 21);
    List<String> names = new ArrayList<>();
    int inputs = op.startsWith("QLinear") ? 8 : 3;
    for (int i = 0; i < inputs; i++) {
      String name = "in" + i;
      boolean isScale = isPacked ? i == 2 : List.of(1, 4, 6).contains(i);
      boolean isData = i == 0 || (i == 3 && inputs == 8);
      if (isScale) {
        long[] dims = isPacked ? new long[] {32} : new long[0];
        double[] values = new double[isPacked ? 32 : 1];
        java.util.Arrays.fill(values, i == index ? value : 0.5);
        graph.constant(name, DenseTensor.ofDoubles(f(dims), values));
      } else if (isPacked && i == 1) {
        graph.constant(name, new RandomTensor(bytes(32, 1, 16), 1, 0, 16));
      } else if (isData) {
        graph.input(name, data);
      } else {
        graph.constant(name, DenseTensor.ofLongs(bytes(), 3));
      }
      names.add(name);
    }
    String domain = colon < 0 ? "" : qualified.substring(0, colon);
    Attributes attributes = isPacked ? PACKED.with("K", 32).with("N", 32) : Attributes.NONE;
    assertThatThrownBy(
            () ->
                graph.add(new Node("n", domain, op, 21, names, List.of("y"), attributes, Map.of())))
        .isInstanceOf(ModelException.class)
        .hasMessageStartingWith(
            "node 'n' (%s): the scale 'in%s' (input %s) holds %s, not a finite number"
                .formatted(qualified, index, index, value));
  }
}
