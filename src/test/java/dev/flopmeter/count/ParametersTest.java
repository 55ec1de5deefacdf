package dev.flopmeter.count;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Parameters are the stored tensors that work reads, each counted once, whatever is computed from
 * them before the first run.
 */
class ParametersTest {
  private static final TensorType SQUARE = TensorType.of(DataType.FLOAT, 10, 10);

  private final GraphBuilder graph = new GraphBuilder("parameters", 21);
  private final List<String> outputs = new ArrayList<>();

  private String stored(String name, TensorType type) {
    return graph.constant(name, new RandomTensor(type, 1, 1, 2));
  }

  private String stored(String name, long... dims) {
    return stored(name, TensorType.of(DataType.FLOAT, dims));
  }

  private String longs(String name, long... values) {
    return graph.constant(name, Tensor.ofLongs(values));
  }

  private String node(String op, String name, Attributes attributes, String... inputs) {
    graph.add(op, name, attributes, List.of(inputs), List.of(name), Map.of());
    return name;
  }

  private String node(String op, String name, String... inputs) {
    return node(op, name, Attributes.NONE, inputs);
  }

  /** {@code x (rows x weight's rows) times weight}; an output of the graph. */
  private void product(String weight, long... x) {
    String input = graph.input("x" + outputs.size(), TensorType.of(DataType.FLOAT, x));
    outputs.add(node("MatMul", "product" + outputs.size(), input, weight));
  }

  private Counts count() {
    return Counter.standard().count(graph.build(outputs));
  }

  private long parameters() {
    return count().totals().params();
  }

  /** Some are small enough to be folded, others too large and remain nodes. */
  @ParameterizedTest
  @ValueSource(longs = {10, 300})
  void aWeightThatIsReadAgainInAnotherFormCountsOnce(long size) {
    for (String form :
        List.of("Identity", "Transpose", "Neg", "Mul", "Cast", "Reshape", "Concat")) {
      ParametersTest test = new ParametersTest();
      String weight = test.stored("w", size, size);
      String again =
          switch (form) {
            case "Mul" -> test.node("Mul", "again", weight, test.stored("scale"));
            case "Cast" -> test.node("Cast", "again", Attributes.of("to", 1L), weight);
            case "Reshape" ->
                test.node("Reshape", "again", weight, test.longs("shape", size, size));
            case "Concat" ->
                test.node("Concat", "again", Attributes.of("axis", 1L), weight, weight);
            default -> test.node(form, "again", weight);
          };
      test.product(weight, 1, size);
      test.product(again, 1, size);
      Counts counts = test.count();
      assertThat(counts.totals().params()).as(form).isEqualTo(size * size);
      assertThat(counts.layers().get(counts.layers().size() - 1).cost().params())
          .as("of the layer that reads it again")
          .isEqualTo(size * size);
    }
  }

  @Test
  void anEmbeddingThatIsAlsoTheOutputLayerCountsOnce() {
    String table = stored("table", 100, 16);
    String ids = graph.input("ids", TensorType.of(DataType.INT64, 2, 7));
    String hidden = node("Gather", "hidden", table, ids);
    outputs.add(node("MatMul", "logits", hidden, node("Transpose", "turned", table)));
    assertThat(parameters()).isEqualTo(100 * 16);
  }

  @Test
  void twoConstantsFoldedFromOneWeightAreThatWeight() {
    String weight = stored("w", SQUARE);
    product(node("Mul", "doubled", weight, stored("two")), 1, 10);
    product(node("Add", "shifted", weight, stored("one")), 1, 10);
    assertThat(parameters()).isEqualTo(10 * 10);
  }

  @Test
  void aConstantThatIsRepeatedCountsAsStored() {
    String x = graph.input("x", TensorType.of(DataType.FLOAT, 50, 16));
    String wide = node("Expand", "wide", stored("row", 1, 16), longs("shape", 50, 16));
    outputs.add(node("Add", "sum", x, wide));
    String tiled = node("Tile", "tiled", stored("other", 1, 16), longs("repeats", 50, 1));
    outputs.add(node("Add", "sum2", x, tiled));
    assertThat(parameters()).isEqualTo(16 + 16);
  }

  /** The shape is data, so the class token cannot be repeated before the first run. */
  @Test
  void aConstantThatIsRepeatedAsOftenAsDataSaysCountsAsStored() {
    String repeats = graph.input("repeats", TensorType.of(DataType.INT64, 3));
    outputs.add(node("Tile", "tiled", stored("token", 1, 1, 16), repeats));
    assertThat(parameters()).isEqualTo(16);
  }

  @Test
  void valuesComputedFromNothingStoredAreNotLearned() {
    String x = graph.input("x", TensorType.of(DataType.FLOAT, 4, 100, 100));
    String zeros = node("ConstantOfShape", "zeros", longs("shape", 4, 100, 100));
    outputs.add(node("Add", "a", x, node("Mul", "scaled", zeros, stored("factor"))));
    outputs.add(node("Add", "b", x, zeros));
    graph.constant("start", Tensor.ofFloats(Shape.SCALAR, 0));
    graph.constant("end", Tensor.ofFloats(Shape.SCALAR, 100));
    graph.constant("step", Tensor.ofFloats(Shape.SCALAR, 1));
    outputs.add(
        node("Mul", "c", x, node("Sin", "wave", node("Range", "range", "start", "end", "step"))));
    String mask =
        graph.constant("mask", new RandomTensor(TensorType.of(DataType.BOOL, 100, 100), 1, 0, 2));
    outputs.add(node("Mul", "d", x, node("Cast", "floats", Attributes.of("to", 1L), mask)));
    assertThat(parameters()).isZero();
  }

  /**
   * Published networks with their weights left out: constants are filled where they were stored.
   */
  @Test
  void aFilledTensorInASlotForWeightsStandsForAWeight() {
    product(node("ConstantOfShape", "filled", longs("shape", 8, 4)), 1, 8);
    assertThat(parameters()).isEqualTo(8 * 4);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 24, 400})
  void aTableCountsWholeHoweverMuchOfItIsRead(int rows) {
    String table = stored("positions", 512, 64);
    long[] indices = java.util.stream.LongStream.range(0, rows).toArray();
    String x = graph.input("x", TensorType.of(DataType.FLOAT, 2, rows, 64));
    outputs.add(node("Add", "picked", x, node("Gather", "rows", table, longs("indices", indices))));
    String cut = node("Slice", "cut", table, longs("from", 0), longs("to", rows), longs("axes", 0));
    outputs.add(node("Add", "sliced", x, cut));
    assertThat(parameters()).isEqualTo(512 * 64);
  }

  private String quantised(String weight, long channels) {
    stored("scales", channels);
    graph.constant(
        "zeros",
        DenseTensor.ofLongs(TensorType.of(DataType.INT8, channels), new long[(int) channels]));
    Attributes axis = Attributes.of("axis", 1L);
    String integers = node("QuantizeLinear", "integers", axis, weight, "scales", "zeros");
    return node("DequantizeLinear", "floats", axis, integers, "scales", "zeros");
  }

  @Test
  void aFakeQuantisedWeightCountsWithoutItsScalesAndForNothing() {
    product(quantised(stored("w", 64, 32), 32), 5, 64);
    Counts counts = count();
    assertThat(counts.totals().params()).isEqualTo(64 * 32);
    assertThat(counts.totals().macs()).isEqualTo(5 * 64 * 32);
    assertThat(counts.totals().flops()).isEqualTo(2 * 5 * 64 * 32);
    // The product reads the integers that the weight is quantised to
    assertThat(counts.totals().bytesRead()).isEqualTo(4 * 5 * 64 + 64 * 32);
    assertThat(counts.totals().bytesWritten()).isEqualTo(4 * 5 * 32);
    assertThat(counts.peakActivationBytes()).isEqualTo(4 * (5 * 64 + 5 * 32));
  }

  /** As exporters write fake quantisation without an operator of its own. */
  @ParameterizedTest
  @ValueSource(strings = {"Round", "Cast"})
  void aChainThatRoundsAWeightCountsWithoutItsScales(String rounding) {
    String weight = stored("w", 64, 32);
    String scales = stored("scales", 1, 32);
    String points = stored("zero points", 1, 32);
    String scaled = node("Add", "shifted", node("Div", "scaled", weight, scales), points);
    String whole =
        rounding.equals("Round")
            ? node("Round", "whole", scaled)
            : node("Cast", "whole", Attributes.of("to", 3L), scaled); // int8
    String floats = node("Cast", "floats", Attributes.of("to", 1L), whole);
    graph.constant("low", Tensor.ofFloats(Shape.SCALAR, -128));
    graph.constant("high", Tensor.ofFloats(Shape.SCALAR, 127));
    String clipped = node("Clip", "clipped", floats, "low", "high");
    product(node("Mul", "back", node("Sub", "unshifted", clipped, points), scales), 5, 64);
    Counts counts = count();
    assertThat(counts.totals().params()).isEqualTo(64 * 32);
    assertThat(counts.totals().flops()).isEqualTo(2 * 5 * 64 * 32);
  }

  /** Weight normalisation learns both, and nothing is rounded. */
  @Test
  void aScaleThatRoundsNothingIsLearned() {
    String direction = stored("v", 64, 32);
    String length = node("ReduceL2", "length", direction, longs("axes", 0));
    String unit = node("Div", "unit", direction, length);
    product(node("Mul", "w", unit, stored("g", 1, 32)), 5, 64);
    assertThat(parameters()).isEqualTo(64 * 32 + 32);
  }

  @Test
  void aWeightThatARoundedMaskPrunesIsLearned() {
    String mask = node("Round", "mask", stored("m", 64, 32));
    product(node("Mul", "w", stored("v", 64, 32), mask), 5, 64);
    assertThat(parameters()).isEqualTo(2 * 64 * 32);
  }

  @Test
  void storedIntegersAreWeightsWhereTheyAreDequantised() {
    graph.constant("q", new RandomTensor(TensorType.of(DataType.INT8, 64, 32), 1, -8, 8));
    product(node("DequantizeLinear", "w", Attributes.of("axis", 1L), "q", stored("s", 32)), 5, 64);
    graph.constant("b", new RandomTensor(TensorType.of(DataType.INT32, 32), 1, -8, 8));
    String bias = node("DequantizeLinear", "bias", Attributes.of("axis", 0L), "b", stored("t", 32));
    outputs.set(0, node("Add", "biased", outputs.get(0), bias));
    assertThat(parameters()).isEqualTo(64 * 32 + 32);
  }

  @Test
  void randomNumbersAreDrawnAtEveryRunAndCount() {
    String noise = node("RandomNormalLike", "noise", stored("w", 8, 8));
    outputs.add(node("Relu", "rectified", noise));
    assertThat(count().totals().flops()).isEqualTo(8 * 8);
  }

  /** Beyond 16 MB nothing is folded, but a Constant needs no folding. */
  @Test
  void weightsInConstantNodesCountAtAnySize() {
    for (int i = 0; i < 6; i++) {
      TensorType type = TensorType.of(DataType.FLOAT, 1024, 1024);
      Tensor value = DenseTensor.of(type, java.nio.ByteBuffer.allocate((int) type.bytes()));
      product(node("Constant", "w" + i, Attributes.of("value", value)), 2, 1024);
    }
    Counts counts = count();
    assertThat(counts.totals().params()).isEqualTo(6 * 1024 * 1024);
    assertThat(counts.layers()).hasSize(6);
  }

  /** A file can join its constants so often that recording every part would exhaust the memory. */
  @Test
  void constantsThatAreJoinedWithoutEndAreRefused() {
    assertThatThrownBy(
            () -> {
              String joined = stored("w0", 2);
              for (int i = 1; i < 5000; i++) {
                joined = node("Add", "sum" + i, joined, stored("w" + i, 2));
              }
            })
        .hasMessageContaining("joins its constants over and over");
  }
}
