package dev.flopmeter.run.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ToleranceTest {
  private static Tensor tensor(double... values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return Tensor.ofFloats(Shape.of(floats.length), floats);
  }

  @Test
  void namesTheFirstElementThatDiffers() {
    assertThat(Tolerance.ONNX.difference(tensor(1, 2, 3), tensor(1, 2.1, 3.1)))
        .hasValueSatisfying(
            text -> assertThat(text).startsWith("2 of 3 elements differ").contains("at 1"));
    assertThat(Tolerance.ONNX.difference(tensor(1, 2), tensor(1.0009, 2.0019))).isEmpty();
  }

  @Test
  void noElementNeedsToBeMoreExactThanTheLargestIsWritten() {
    double halfUlp = 100 * 0x1p-24;
    assertThat(Tolerance.ONNX.difference(tensor(100, 0), tensor(100, halfUlp * 0.9))).isEmpty();
    assertThat(Tolerance.ONNX.difference(tensor(100, 0), tensor(100, halfUlp * 1.1))).isPresent();
    assertThat(Tolerance.ONNX.difference(tensor(1, 0), tensor(1, 2e-7))).isPresent();
  }

  private static final List<String> NETWORK = List.of("Conv", "com.microsoft:FusedConv", "Gemm");
  private static final List<String> ATTENTION = List.of("MatMul", "Softmax", "MatMul");

  @Test
  void aNetworkIsWhatHasThreeLayers() {
    assertThat(Tolerance.of(NETWORK, DataType.FLOAT)).isEqualTo(Tolerance.NETWORK);
    assertThat(Tolerance.of(ATTENTION, DataType.FLOAT)).isEqualTo(Tolerance.ONNX);
    assertThat(Tolerance.of(NETWORK, DataType.DOUBLE)).isEqualTo(Tolerance.NETWORK);
    assertThat(Tolerance.of(NETWORK, DataType.INT64)).isEqualTo(Tolerance.NETWORK);
  }

  @Test
  void aQuantisedNetworkMayDifferByTwoSteps() {
    List<String> layers = List.of("QLinearConv", "QLinearConv", "com.microsoft:QGemm");
    Tolerance tolerance = Tolerance.of(layers, DataType.FLOAT);
    assertThat(tolerance.difference(tensor(255, 0), tensor(255, 1.9))).isEmpty();
    assertThat(tolerance.difference(tensor(255, 0), tensor(255, 3))).isPresent();
    // Steps of a range of both signs are as wide as that is.
    assertThat(tolerance.difference(tensor(127, -128, 0), tensor(127, -128, 1.9))).isEmpty();
    assertThat(tolerance.difference(tensor(127, -128, 0), tensor(127, -128, 3))).isPresent();
    assertThat(Tolerance.of(layers.subList(0, 2), DataType.UINT8)).isEqualTo(Tolerance.ONNX);
  }

  /** Steps at 1: float16 has 10 bits of mantissa, bfloat16 7, float8 3 or 2. */
  @ParameterizedTest
  @CsvSource({"FLOAT16, 10", "BFLOAT16, 7", "FLOAT8E4M3FN, 3", "FLOAT8E5M2, 2"})
  void oneRoundingStepOfTheOutputsTypeIsAllowedAndNotTwo(DataType type, int mantissaBits) {
    double step = Math.scalb(1.0, -mantissaBits);
    Tensor expected = typed(type, 1, 0);
    Tolerance tolerance = Tolerance.of(ATTENTION, type);
    assertThat(tolerance.difference(expected, typed(type, 1 + step, 0))).isEmpty();
    assertThat(tolerance.difference(expected, typed(type, 1 + 3 * step, 0))).isPresent();
    assertThat(tolerance.difference(expected, typed(type, 1, 3 * step))).isPresent();
  }

  @Test
  void aNetworkOf16BitsMayDifferByFourStepsOfItsLargestOutput() {
    double step = 0x1p-10;
    Tensor expected = typed(DataType.FLOAT16, 1, 0);
    Tolerance tolerance = Tolerance.of(NETWORK, DataType.FLOAT16);
    assertThat(tolerance.difference(expected, typed(DataType.FLOAT16, 1, 3 * step))).isEmpty();
    assertThat(tolerance.difference(expected, typed(DataType.FLOAT16, 1, 5 * step))).isPresent();
  }

  private static Tensor typed(DataType type, double... values) {
    return DenseTensor.ofDoubles(TensorType.of(type, values.length), values);
  }

  @Test
  void infinitiesMustBeEqual() {
    double infinite = Double.POSITIVE_INFINITY;
    assertThat(Tolerance.NETWORK.difference(tensor(infinite, 1), tensor(infinite, 1))).isEmpty();
    assertThat(Tolerance.NETWORK.difference(tensor(infinite, 1), tensor(-infinite, 1))).isPresent();
  }
}
