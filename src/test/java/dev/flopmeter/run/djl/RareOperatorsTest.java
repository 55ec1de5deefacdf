package dev.flopmeter.run.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.run.UnsupportedOperatorException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Operators that are rare in models, with numbers that can be checked by hand. */
class RareOperatorsTest {
  private static DjlBackend backend;

  @BeforeAll
  static void open() {
    backend = DjlBackend.open();
  }

  @AfterAll
  static void close() {
    backend.close();
  }

  private static Tensor floats(Shape shape, double... values) {
    return DenseTensor.ofDoubles(new TensorType(DataType.FLOAT, shape), values);
  }

  private static Tensor scalar(double value) {
    return floats(Shape.SCALAR, value);
  }

  private static Tensor bytes(DataType type, Shape shape, long... values) {
    return DenseTensor.ofLongs(new TensorType(type, shape), values);
  }

  @Test
  void ofBoxesThatOverlapTheBestStays() {
    Tensor boxes = floats(Shape.of(1, 3, 4), 0, 0, 1, 1, 0, 0, 1, 0.9, 0, 2, 1, 3);
    Tensor scores = floats(Shape.of(1, 1, 3), 0.5, 0.9, 0.3);
    Tensor kept =
        OneNode.of("NonMaxSuppression")
            .data(boxes)
            .data(scores)
            .argument(Tensor.ofLongs(3))
            .argument(scalar(0.5))
            .argument(scalar(0.1))
            .run(backend);
    // Box 0 shares 0.9 with box 1: 0.9 / (1 + 0.9 - 0.9) > 0.5.
    assertThat(kept.toLongs()).containsExactly(0, 0, 1, 0, 0, 2);
  }

  @Test
  void uniqueElementsComeSortedOrAsMet() {
    Tensor x = floats(Shape.of(5), 2, 1, 1, 3, 2);
    List<Tensor> sorted = OneNode.of("Unique").data(x).run(backend, 4);
    assertThat(sorted.get(0).toFloats()).containsExactly(1, 2, 3);
    assertThat(sorted.get(1).toLongs()).containsExactly(1, 0, 3);
    assertThat(sorted.get(2).toLongs()).containsExactly(1, 0, 0, 2, 1);
    assertThat(sorted.get(3).toLongs()).containsExactly(2, 2, 1);
    List<Tensor> met = OneNode.of("Unique").data(x).with("sorted", 0L).run(backend, 4);
    assertThat(met.get(0).toFloats()).containsExactly(2, 1, 3);
    assertThat(met.get(2).toLongs()).containsExactly(0, 1, 1, 2, 0);
  }

  /** ONNX Runtime, which defines this operator, masks nothing for the last query. */
  @Test
  void theLastQuerySeesAllKeysOfAnAttentionInOneDirection() {
    Tensor attended =
        OneNode.contributed("MultiHeadAttention")
            .data(floats(Shape.of(1, 1, 1), 0))
            .data(floats(Shape.of(1, 2, 1), 5, 7))
            .data(floats(Shape.of(1, 2, 1), 1, 3))
            .with("num_heads", 1L)
            .with("unidirectional", 1L)
            .run(backend);
    assertThat(attended.toFloats()).containsExactly(2); // scores of 0: the mean of both values
  }

  @Test
  void aRegionIsAveragedBinByBin() {
    Tensor image = floats(Shape.of(1, 1, 2, 2), 0, 1, 2, 3);
    Tensor pooled =
        OneNode.of("RoiAlign")
            .data(image)
            .data(floats(Shape.of(1, 4), 0, 0, 2, 2))
            .data(Tensor.ofLongs(0))
            .with("output_height", 1L)
            .with("output_width", 1L)
            .with("sampling_ratio", 2L)
            .run(backend);
    // The samples are at 0.5 - 0.5 = 0 and 1.5 - 0.5 = 1: on the four pixels.
    assertThat(pooled.toFloats()).containsExactly((0f + 1 + 2 + 3) / 4);
  }

  @Test
  void aDeformedConvolutionReadsWhereItsOffsetsPoint() {
    Tensor image = floats(Shape.of(1, 1, 1, 3), 1, 2, 4);
    Tensor moved =
        OneNode.of("DeformConv")
            .data(image)
            .data(floats(Shape.of(1, 1, 1, 1), 10))
            .data(floats(Shape.of(1, 2, 1, 3), 0, 0, 0, 0.5, 0, -2))
            .run(backend);
    // Half-way from 1 to 2; in place; two to the left of 4.
    assertThat(moved.toFloats()).containsExactly(new float[] {15, 20, 10}, within(1e-4f));
  }

  @Test
  void columnsAddUpWhereBlocksOverlap() {
    Tensor image =
        OneNode.of("Col2Im")
            .data(floats(Shape.of(1, 2, 2), 1, 2, 3, 4))
            .argument(Tensor.ofLongs(1, 3))
            .argument(Tensor.ofLongs(1, 2))
            .run(backend);
    // Block 0 is (1, 3) on pixels 0 and 1, block 1 is (2, 4) on pixels 1 and 2.
    assertThat(image.toFloats()).containsExactly(1, 3 + 2, 4);
  }

  @Test
  void unpoolingPutsMaximaBack() {
    Tensor image =
        OneNode.of("MaxUnpool")
            .data(floats(Shape.of(1, 1, 1, 2), 5, 6))
            .data(bytes(DataType.INT64, Shape.of(1, 1, 1, 2), 1, 2))
            .with("kernel_shape", new long[] {1, 2})
            .with("strides", new long[] {1, 2})
            .run(backend);
    assertThat(image.toFloats()).containsExactly(0, 5, 6, 0);
  }

  @Test
  void croppingAndPaddingKeepTheMiddle() {
    Tensor result =
        OneNode.of("CenterCropPad")
            .data(floats(Shape.of(2, 4), 1, 2, 3, 4, 5, 6, 7, 8))
            .argument(Tensor.ofLongs(4, 2))
            .run(backend);
    assertThat(result.toFloats()).containsExactly(0, 0, 2, 3, 6, 7, 0, 0);
  }

  @Test
  void sequencesAreReversedUpToTheirLength() {
    Tensor result =
        OneNode.of("ReverseSequence")
            .data(floats(Shape.of(3, 2), 1, 2, 3, 4, 5, 6))
            .data(Tensor.ofLongs(2, 3))
            .run(backend);
    assertThat(result.toFloats()).containsExactly(3, 6, 1, 4, 5, 2);
  }

  @Test
  void aCircularCacheBeginsAnew() {
    Tensor cache =
        OneNode.of("TensorScatter")
            .data(floats(Shape.of(1, 3, 1), 1, 2, 3))
            .data(floats(Shape.of(1, 2, 1), 8, 9))
            .data(Tensor.ofLongs(2))
            .with("mode", "circular")
            .run(backend);
    assertThat(cache.toFloats()).containsExactly(9, 2, 8);
  }

  @Test
  void aQuantisedProductIsScaledRoundedAndSaturated() {
    Tensor product =
        OneNode.of("QLinearMatMul")
            .data(bytes(DataType.UINT8, Shape.of(1, 2), 12, 14))
            .data(scalar(0.5))
            .data(bytes(DataType.UINT8, Shape.SCALAR, 10))
            .data(bytes(DataType.UINT8, Shape.of(2, 2), 3, 200, 5, 200))
            .data(scalar(1))
            .data(bytes(DataType.UINT8, Shape.SCALAR, 0))
            .data(scalar(2))
            .data(bytes(DataType.UINT8, Shape.SCALAR, 7))
            .run(backend);
    // (2 x 3 + 4 x 5) x 0.5 / 2 = 6.5, to even 6, + 7; (2 + 4) x 200 x 0.25 + 7 = 307 > 255.
    assertThat(product.toLongs()).containsExactly(6 + 7, 255);
  }

  @Test
  void aTransformForthAndBackGivesTheSignal() {
    Tensor signal = floats(Shape.of(1, 4, 1), 1, 2, 3, 4);
    Tensor half =
        OneNode.of("DFT")
            .data(signal)
            .nothing()
            .argument(bytes(DataType.INT64, Shape.SCALAR, 1))
            .with("onesided", 1L)
            .run(backend);
    assertThat(half.shape()).isEqualTo(Shape.of(1, 3, 2));
    // 1 + 2 + 3 + 4; (1 - 3) + (4 - 2) i; 1 - 2 + 3 - 4.
    assertThat(half.toFloats()).containsExactly(new float[] {10, 0, -2, 2, -2, 0}, within(1e-5f));
    Tensor back =
        OneNode.of("DFT")
            .data(half)
            .nothing()
            .argument(bytes(DataType.INT64, Shape.SCALAR, 1))
            .with("onesided", 1L)
            .with("inverse", 1L)
            .run(backend);
    assertThat(back.type()).isEqualTo(signal.type());
    assertThat(back.toFloats()).containsExactly(signal.toFloats(), within(1e-5f));
  }

  @Test
  void aLossIsTheWeightedMeanOfLabelsThatAreNotIgnored() {
    Tensor loss =
        OneNode.of("NegativeLogLikelihoodLoss")
            .data(floats(Shape.of(3, 2), -1, -2, -3, -4, -5, -6))
            .data(Tensor.ofLongs(0, 1, -1))
            .data(floats(Shape.of(2), 1, 3))
            .with("ignore_index", -1L)
            .run(backend);
    assertThat(loss.toFloats()).containsExactly((1f * 1 + 4 * 3) / (1 + 3));
  }

  @Test
  void aCausalConvolutionContinuesFromItsState() {
    List<Tensor> results =
        OneNode.of("CausalConvWithState")
            .data(floats(Shape.of(1, 1, 2), 3, 4))
            .data(floats(Shape.of(1, 1, 2), 10, 1))
            .nothing()
            .data(floats(Shape.of(1, 1, 1), 2))
            .run(backend, 2);
    assertThat(results.get(0).toFloats()).containsExactly(2 * 10 + 3, 3 * 10 + 4);
    assertThat(results.get(1).toFloats()).containsExactly(4);
  }

  @Test
  void linearAttentionReadsTheSumOfItsPairs() {
    List<Tensor> results =
        OneNode.of("LinearAttention")
            .data(floats(Shape.of(1, 2, 1), 1, 2))
            .data(floats(Shape.of(1, 2, 1), 3, 4))
            .data(floats(Shape.of(1, 2, 1), 5, 6))
            .with("update_rule", "linear")
            .with("q_num_heads", 1L)
            .with("kv_num_heads", 1L)
            .run(backend, 2);
    assertThat(results.get(0).toFloats()).containsExactly(3 * 5, 2 * (3 * 5 + 4 * 6));
    assertThat(results.get(1).toFloats()).containsExactly(3 * 5 + 4 * 6);
  }

  @Test
  void castsToFourBitsKeepTheLowOnes() {
    Tensor cast =
        OneNode.of("Cast")
            .data(floats(Shape.of(3), 3, -8, 9))
            .with("to", (long) DataType.INT4.code())
            .run(backend);
    assertThat(cast.toLongs()).containsExactly(3, -8, 9 - 16);
  }

  /**
   * Types that PyTorch's Java API cannot transfer are transferred as others; no bit may be lost.
   */
  @ParameterizedTest
  @EnumSource(
      names = {
        "FLOAT",
        "DOUBLE",
        "FLOAT16",
        "BFLOAT16",
        "FLOAT8E4M3FN",
        "FLOAT8E5M2",
        "INT8",
        "INT16",
        "INT32",
        "INT64",
        "UINT8",
        "UINT16",
        "UINT32",
        "UINT64",
        "INT4",
        "UINT4",
        "BOOL"
      })
  void everyTypeSurvivesARoundTrip(DataType type) {
    int size = type == DataType.BOOL ? 2 : 3;
    TensorType vector = TensorType.of(type, size);
    Tensor x =
        type.isFloat()
            ? DenseTensor.ofDoubles(vector, 0.5, 1, 1.5)
            : DenseTensor.ofLongs(
                vector, type == DataType.BOOL ? new long[] {0, 1} : extremes(type));
    Tensor same = OneNode.of("Identity").data(x).run(backend);
    assertThat(same.type()).isEqualTo(vector);
    assertThat(same.data()).isEqualTo(x.data());
  }

  private static long[] extremes(DataType type) {
    boolean signed = type.name().startsWith("INT");
    long high = signed ? (1L << (type.bits() - 1)) - 1 : -1L >>> (64 - type.bits());
    return new long[] {signed ? -high - 1 : 0, 1, high};
  }

  /** PyTorch computes them as signed integers. */
  @ParameterizedTest
  @CsvSource({
    "Less, 0 1 0 0 1 0 0",
    "LessOrEqual, 0 1 1 0 1 0 1",
    "Greater, 1 0 0 1 0 1 0",
    "GreaterOrEqual, 1 0 1 1 0 1 1",
    "Max, -1 -1 -1 -9223372036854775801 -9223372036854775808 7 5",
    "Min, 7 7 -1 3 9 3 5",
    "Div, 2635249153387078802 0 1 3074457345618258605 0 2 1",
    "Mod, 1 7 0 0 9 1 0",
  })
  void unsignedIntegersOf64BitsAreComputedWithAllOfThem(String op, String expected) {
    Shape seven = Shape.of(7);
    long huge = Long.MIN_VALUE;
    Tensor a = bytes(DataType.UINT64, seven, -1, 7, -1, huge + 7, 9, 7, 5);
    Tensor b = bytes(DataType.UINT64, seven, 7, -1, -1, 3, huge, 3, 5);
    long[] results = Stream.of(expected.split(" ")).mapToLong(Long::parseLong).toArray();
    assertThat(OneNode.of(op).data(a).data(b).run(backend).toLongs()).containsExactly(results);
    assertThat(OneNode.of(op).argument(a).argument(b).run(backend).toLongs())
        .as("of constants")
        .containsExactly(results);
  }

  @ParameterizedTest
  @CsvSource({"LSTM, 4", "GRU, 3", "RNN, 1"})
  void aSequenceOfNoStepsLeavesTheStateAsItWas(String op, long gates) {
    List<Tensor> outputs =
        OneNode.of(op)
            .with("hidden_size", 2L)
            .data(floats(Shape.of(0, 1, 3)))
            .argument(floats(Shape.of(1, 2 * gates, 3), new double[(int) (6 * gates)]))
            .argument(floats(Shape.of(1, 2 * gates, 2), new double[(int) (4 * gates)]))
            .nothing()
            .nothing()
            .data(floats(Shape.of(1, 1, 2), 5, 6))
            .run(backend, 2);
    assertThat(outputs.get(0).shape()).isEqualTo(Shape.of(0, 1, 1, 2));
    assertThat(outputs.get(1).toFloats()).containsExactly(5, 6);
  }

  @Test
  void unsignedIntegersOf64BitsAreOrderedAndShifted() {
    Tensor x = bytes(DataType.UINT64, Shape.of(4), 5, -1, Long.MIN_VALUE, 7);
    assertThat(OneNode.of("ReduceMax").data(x).run(backend).toLongs()).containsExactly(-1);
    assertThat(OneNode.of("ReduceMin").data(x).run(backend).toLongs()).containsExactly(5);
    assertThat(OneNode.of("ArgMax").data(x).run(backend).toLongs()).containsExactly(1);
    assertThat(OneNode.of("Sign").data(x).run(backend).toLongs()).containsExactly(1, 1, 1, 1);
    OneNode clip = OneNode.of("Clip").data(x).argument(bytes(DataType.UINT64, Shape.SCALAR, 6));
    assertThat(clip.run(backend).toLongs()).containsExactly(6, -1, Long.MIN_VALUE, 7);
    OneNode top = OneNode.of("TopK").data(x).argument(Tensor.ofLongs(2));
    assertThat(top.run(backend, 2).get(0).toLongs()).containsExactly(-1, Long.MIN_VALUE);
    OneNode shift = OneNode.of("BitShift").with("direction", "RIGHT").data(x);
    assertThat(shift.data(bytes(DataType.UINT64, Shape.of(4), 1, 60, 63, 0)).run(backend).toLongs())
        .containsExactly(2, 15, 1, 7);
  }

  /** All scores are alike, so a query's result is the mean of the values that it sees. */
  @Test
  void attentionSeesTheKeysOfItsWindow() {
    Shape two = Shape.of(1, 1, 2, 1);
    Tensor values = floats(Shape.of(1, 1, 4, 1), 1, 2, 4, 8);
    OneNode window =
        OneNode.of("Attention")
            .data(floats(two, 0, 0))
            .data(floats(values.shape(), 0, 0, 0, 0))
            .data(values)
            .with("left_window_size", 1L)
            .with("right_window_size", 1L);
    assertThat(window.run(backend).toFloats())
        .containsExactly(new float[] {(1 + 2) / 2f, (1 + 2 + 4) / 3f}, within(1e-6f));
  }

  @Test
  void aCausalQueryIsAtTheEndOfTheValidKeys() {
    Tensor values = floats(Shape.of(2, 1, 4, 1), 1, 2, 4, 8, 1, 2, 4, 8);
    OneNode causal =
        OneNode.of("Attention")
            .data(floats(Shape.of(2, 1, 2, 1), 0, 0, 0, 0))
            .data(floats(values.shape(), 0, 0, 0, 0, 0, 0, 0, 0))
            .data(values)
            .nothing()
            .nothing()
            .nothing()
            .data(Tensor.ofLongs(3, 1))
            .with("is_causal", 1L);
    // Of 3 keys the two queries see 2 and 3; of 1 key none and that one.
    assertThat(causal.run(backend).toFloats())
        .containsExactly(new float[] {(1 + 2) / 2f, (1 + 2 + 4) / 3f, 0, 1}, within(1e-6f));
  }

  @Test
  void blocksBecomeChannelsInEitherOrder() {
    Tensor x = floats(Shape.of(1, 2, 2, 2), 1, 2, 3, 4, 5, 6, 7, 8);
    OneNode blocks = OneNode.of("SpaceToDepth").data(x).with("blocksize", 2L);
    assertThat(blocks.run(backend).toFloats()).containsExactly(1, 5, 2, 6, 3, 7, 4, 8);
    OneNode channels = OneNode.of("SpaceToDepth").data(x).with("blocksize", 2L).with("mode", "CRD");
    assertThat(channels.run(backend).toFloats()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
  }

  @Test
  void onceEveryElementCouldHaveStatisticsOfItsOwn() {
    Tensor result =
        OneNode.of("BatchNormalization", 7)
            .data(floats(Shape.of(2, 1, 2), 1, 2, 3, 4))
            .argument(floats(Shape.of(1, 2), 2, 3))
            .argument(floats(Shape.of(1, 2), 0, 1))
            .argument(floats(Shape.of(1, 2), 1, 2))
            .argument(floats(Shape.of(1, 2), 1, 4))
            .with("spatial", 0L)
            .with("epsilon", 0f)
            .run(backend);
    assertThat(result.toFloats()).containsExactly(0, 1, (3 - 1) * 2, (4 - 2) / 2 * 3 + 1);
  }

  @Test
  void earlyVersionsRunAsLaterOnes() {
    Tensor x = floats(Shape.of(1, 1, 1, 2), 1, 2);
    OneNode grown =
        OneNode.of("Upsample", 1).data(x).with("height_scale", 2f).with("width_scale", 2f);
    assertThat(grown.run(backend).toFloats()).containsExactly(1, 1, 2, 2, 1, 1, 2, 2);
    OneNode whole = OneNode.of("Cast", 1).data(x).with("to", "INT64");
    assertThat(whole.run(backend).toLongs()).containsExactly(1, 2);
    OneNode length = OneNode.of("GlobalLpPool", 1).data(floats(x.shape(), 3, 4)).with("p", 2f);
    assertThat(length.run(backend).toFloats()).containsExactly(5);
    OneNode padded =
        OneNode.of("Pad", 1).data(x).with("paddings", new long[] {0, 0, 0, 1, 0, 0, 0, 0});
    assertThat(padded.run(backend).toFloats()).containsExactly(0, 1, 2);
    List<Tensor> dropped = OneNode.of("Dropout", 7).data(x).run(backend, 2);
    assertThat(dropped.get(1).type()).isEqualTo(x.type());
  }

  @Test
  void activationsTakeTheirNumbersInTurn() {
    Tensor one = floats(Shape.of(1, 3, 1), 0, 0, 0);
    // One step from zero: the update gate is Sigmoid(0) = 0.5, so half of the candidate remains:
    // HardSigmoid(0) = beta, and its alpha and beta are the first in their lists.
    Tensor last =
        OneNode.of("GRU")
            .data(floats(Shape.of(1, 1, 1), 1))
            .argument(one)
            .argument(one)
            .with("hidden_size", 1L)
            .with("activations", List.of("Sigmoid", "HardSigmoid"))
            .with("activation_alpha", List.of(0.1f))
            .with("activation_beta", List.of(0.25f))
            .run(backend, 2)
            .get(1);
    assertThat(last.toFloats()).containsExactly(0.5f * 0.25f);
  }

  @Test
  void aGateOpensByItsSwish() {
    Tensor result =
        OneNode.of("SwiGLU", 28)
            .data(floats(Shape.of(2), 0, 2))
            .data(floats(Shape.of(2), 5, 3))
            .with("alpha", 0.5f)
            .run(backend);
    assertThat(result.doubleAt(0)).isZero();
    assertThat(result.doubleAt(1)).isCloseTo(2 / (1 + Math.exp(-0.5 * 2)) * 3, within(1e-6));
  }

  @Test
  void cubicSamplesOfVolumesAreRefusedBeforeTheyRun() {
    OneNode node =
        OneNode.of("GridSample")
            .data(Tensor.ofFloats(Shape.of(1, 1, 2, 2, 2), new float[8]))
            .data(Tensor.ofFloats(Shape.of(1, 1, 1, 1, 3), new float[3]))
            .with("mode", "cubic");
    assertThatThrownBy(() -> node.run(backend, 1))
        .isInstanceOf(UnsupportedOperatorException.class)
        .hasMessageContaining("mode 'cubic' of more than two axes");
  }
}
