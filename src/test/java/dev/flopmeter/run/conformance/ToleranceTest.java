package dev.flopmeter.run.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

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

  @Test
  void aNetworkIsWhatHasThreeLayers() {
    assertThat(Tolerance.of(List.of("Conv", "Relu", "com.microsoft:FusedConv", "Gemm")))
        .isEqualTo(Tolerance.NETWORK);
    assertThat(Tolerance.of(List.of("MatMul", "Softmax", "MatMul"))).isEqualTo(Tolerance.ONNX);
  }

  @Test
  void infinitiesMustBeTheSame() {
    double infinite = Double.POSITIVE_INFINITY;
    assertThat(Tolerance.NETWORK.difference(tensor(infinite, 1), tensor(infinite, 1))).isEmpty();
    assertThat(Tolerance.NETWORK.difference(tensor(infinite, 1), tensor(-infinite, 1))).isPresent();
  }
}
