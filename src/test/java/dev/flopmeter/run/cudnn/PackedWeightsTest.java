package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.Step;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Weights of a few bits stay packed on the device; a kernel unpacks them in each pass. {@code
 * ContribSweepOnGpuTest} compares the values with ONNX Runtime's.
 */
class PackedWeightsTest {
  private static final long SIDE = 1024;
  private static final long BLOCK = 32;

  @RegisterExtension static final BothBackends backends = new BothBackends();

  private static String add(
      GraphBuilder graph, String op, Attributes attributes, String... operands) {
    String output = "y of " + operands[1];
    graph.add(
        new Node(
            "node of " + operands[1],
            "com.microsoft",
            op,
            1,
            List.of(operands),
            List.of(output),
            attributes,
            Map.of()));
    return output;
  }

  private static String constant(GraphBuilder graph, String name, DataType type, long... dims) {
    double high = type.isInteger() ? 256 : 0.01;
    TensorType all = TensorType.of(type, dims);
    return graph.constant(name, new RandomTensor(all, name.hashCode(), 0, high));
  }

  /** Products of a row with square matrices, one after the other. */
  private static Graph products(int layers, int bits) {
    GraphBuilder graph = new GraphBuilder("products", 21);
    String x = graph.input("x", TensorType.of(DataType.FLOAT, 1, SIDE));
    long blocks = SIDE / BLOCK;
    for (int i = 0; i < layers; i++) {
      String codes = constant(graph, "codes" + i, DataType.UINT8, SIDE, blocks, BLOCK * bits / 8);
      String scales = constant(graph, "scales" + i, DataType.FLOAT, SIDE, blocks);
      Attributes attributes =
          Attributes.of("K", SIDE).with("N", SIDE).with("bits", bits).with("block_size", BLOCK);
      x = add(graph, "MatMulNBits", attributes, x, codes, scales);
    }
    return graph.build(List.of(x));
  }

  @ParameterizedTest
  @CsvSource({"2, FP32", "4, FP32", "4, FP16", "8, FP16"})
  void takeTheBytesOfTheFileAndOneScratch(int bits, Precision precision) {
    RunOptions options = RunOptions.DEFAULT.withPrecision(precision);
    try (Plan plan = backends.gpu().prepare(products(2, bits), options)) {
      Memory memory = plan.memory();
      long codes = SIDE * SIDE * bits / 8;
      long scales = SIDE * SIDE / BLOCK * Float.BYTES;
      assertThat(memory.weights()).isEqualTo(2 * (codes + scales));
      long width = precision == Precision.FP32 ? 4 : 2;
      assertThat(memory.activations())
          .isBetween(SIDE * SIDE * width, SIDE * SIDE * width + 4 * SIDE * width);
    }
  }

  /** Packed or float zero points, and positions of a row that belong to any block. */
  @ParameterizedTest
  @CsvSource({"UINT8, false", "FLOAT, false", "FLOAT16, false", "UINT8, true", "FLOAT, true"})
  void zeroPointsAndGroupsAreReadAsTheyAreGiven(DataType zeroType, boolean hasGroups) {
    long n = 6;
    long blocks = 3;
    GraphBuilder graph = new GraphBuilder("zeros", 21);
    String x = graph.input("x", TensorType.of(DataType.FLOAT, 2, blocks * BLOCK));
    String codes = constant(graph, "codes", DataType.UINT8, n, blocks, BLOCK / 2);
    String scales = constant(graph, "scales", DataType.FLOAT, n, blocks);
    long perRow = zeroType == DataType.UINT8 ? (blocks + 1) / 2 : blocks;
    String zeros =
        graph.constant("zeros", new RandomTensor(TensorType.of(zeroType, n, perRow), 7, 0, 15));
    TensorType places = TensorType.of(DataType.INT32, blocks * BLOCK);
    String groups =
        hasGroups ? graph.constant("groups", new RandomTensor(places, 8, 0, blocks)) : "";
    Attributes attributes =
        Attributes.of("K", blocks * BLOCK).with("N", n).with("bits", 4).with("block_size", BLOCK);
    String y = add(graph, "MatMulNBits", attributes, x, codes, scales, zeros, groups);
    Graph built = graph.build(List.of(y));
    Map<String, Tensor> inputs = Map.of("x", new RandomTensor(built.requireType("x"), 9, -1, 1));
    Map<String, Tensor> expected;
    try (Plan plan = backends.reference().prepare(built, RunOptions.DEFAULT)) {
      expected = plan.run(inputs);
    }
    try (Plan plan = backends.gpu().prepare(built, RunOptions.DEFAULT)) {
      assertThat(Comparison.relativeL2(expected, plan.run(inputs))).isLessThan(1e-6);
    }
  }

  @Test
  void areUnpackedInTheStepOfTheirNode() {
    try (Plan plan = backends.gpu().prepare(products(2, 4), RunOptions.DEFAULT)) {
      assertThat(plan.steps())
          .extracting(Step::op)
          .containsExactly("com.microsoft:MatMulNBits", "com.microsoft:MatMulNBits");
      assertThat(plan.steps().get(0).kernel().algorithm()).startsWith("ptx:unpack+");
    }
  }

  /** ONNX's own form: its blocks are along an axis, here the columns of a matrix. */
  @ParameterizedTest
  @CsvSource({"UINT4, 4", "INT4, 4", "UINT8, 8", "INT8, 8"})
  void ofDequantizeLinearTakeTheBytesOfTheFile(DataType type, int bits) {
    GraphBuilder graph = new GraphBuilder("standard", 21);
    String x = graph.input("x", TensorType.of(DataType.FLOAT, 2, 128));
    TensorType stored = TensorType.of(type, 128, 64);
    long low = type.name().startsWith("U") ? 0 : -(1L << (bits - 1));
    String codes = graph.constant("codes", new RandomTensor(stored, 3, low, low + (1L << bits)));
    String scales = constant(graph, "scales", DataType.FLOAT, 128 / BLOCK, 64);
    Attributes blocks = Attributes.of("axis", 0L).with("block_size", BLOCK);
    String weights = graph.add("DequantizeLinear", "weights", blocks, codes, scales);
    Graph built = graph.build(List.of(graph.add("MatMul", "y", Attributes.NONE, x, weights)));
    Map<String, Tensor> inputs = Map.of("x", new RandomTensor(built.requireType("x"), 9, -1, 1));
    Map<String, Tensor> expected;
    try (Plan plan = backends.reference().prepare(built, RunOptions.DEFAULT)) {
      expected = plan.run(inputs);
    }
    try (Plan plan = backends.gpu().prepare(built, RunOptions.DEFAULT)) {
      assertThat(plan.memory().weights())
          .isEqualTo(128 * 64 * bits / 8 + 128 / BLOCK * 64 * Float.BYTES);
      assertThat(Comparison.relativeL2(expected, plan.run(inputs))).isLessThan(1e-6);
    }
  }

  /** Only the selected rows of a table are unpacked. */
  @Test
  void ofATableTakeNoScratch() {
    GraphBuilder graph = new GraphBuilder("table", 21);
    String codes = constant(graph, "codes", DataType.UINT8, SIDE, SIDE / 2);
    String at = graph.input("at", TensorType.of(DataType.INT64, 3));
    String scales = constant(graph, "scales", DataType.FLOAT, SIDE, SIDE / BLOCK);
    Attributes attributes =
        Attributes.of("bits", 4).with("block_size", BLOCK).with("quantize_axis", 1);
    String y = add(graph, "GatherBlockQuantized", attributes, codes, at, scales);
    try (Plan plan = backends.gpu().prepare(graph.build(List.of(y)), RunOptions.DEFAULT)) {
      assertThat(plan.memory().weights())
          .isEqualTo(SIDE * SIDE / 2 + SIDE * SIDE / BLOCK * Float.BYTES);
      assertThat(plan.memory().activations()).isLessThan(4 * SIDE * Float.BYTES);
    }
  }

  /** ONNX Runtime has MatMulFpQ4 on few processors, so its blob is written by hand here. */
  @ParameterizedTest
  @CsvSource({"0, 32", "1, 32", "2, 64"})
  void ofABlobAreRightOnBothBackends(int kind, int block) {
    int k = 100;
    int n = 3;
    int blocks = (k + block - 1) / block;
    int head = kind == 1 ? 5 : 4;
    int size = head + block / 2;
    Random random = new Random(kind);
    float[][] weights = new float[k][n];
    ByteBuffer blob = ByteBuffer.allocate(n * blocks * size).order(ByteOrder.LITTLE_ENDIAN);
    for (int at = 0; at < n * blocks; at++) {
      float scale = (1 + random.nextInt(8)) / 8f;
      int zero = kind == 1 ? random.nextInt(16) : 8;
      blob.putFloat(at * size, scale);
      if (kind == 1) {
        blob.put(at * size + 4, (byte) zero);
      }
      for (int i = 0; i < block; i++) {
        // 16 bytes hold 32 weights: the first 16 in their low halves, the others in the high ones.
        int place = at * size + head + i / 32 * 16 + i % 16;
        int code = random.nextInt(16);
        blob.put(place, (byte) (blob.get(place) | code << (i % 32 < 16 ? 0 : 4)));
        if (at % blocks * block + i < k) {
          weights[at % blocks * block + i][at / blocks] = (code - zero) * scale;
        }
      }
    }
    GraphBuilder graph = new GraphBuilder("blob", 21);
    String x = graph.input("x", TensorType.of(DataType.FLOAT, 1, k));
    TensorType type = TensorType.of(DataType.UINT8, n * blocks * size);
    String stored = graph.constant("blob", DenseTensor.of(type, blob));
    String shape = graph.constant("shape", Tensor.ofLongs(k, n));
    String y = add(graph, "MatMulFpQ4", Attributes.of("blk_quant_type", kind), x, stored, shape);
    Graph built = graph.build(List.of(y));
    float[] row = new float[k];
    float[] expected = new float[n];
    for (int i = 0; i < k; i++) {
      row[i] = random.nextInt(17) - 8;
      for (int j = 0; j < n; j++) {
        expected[j] += row[i] * weights[i][j]; // exact: multiples of 1/8 below 2^20
      }
    }
    for (Backend backend : List.of(backends.gpu(), backends.reference())) {
      try (Plan plan = backend.prepare(built, RunOptions.DEFAULT)) {
        Tensor actual = plan.run(Map.of("x", Tensor.ofFloats(Shape.of(1, k), row))).get(y);
        assertThat(actual.toFloats()).as(backend.name()).containsExactly(expected);
      }
    }
  }
}
