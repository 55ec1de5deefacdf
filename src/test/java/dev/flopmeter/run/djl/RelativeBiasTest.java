package dev.flopmeter.run.djl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import org.junit.jupiter.api.Test;

/** Biases of relative positions; ONNX Runtime has no CPU kernels for them. */
class RelativeBiasTest {

  /** 4 buckets, column by column: distances 0 and 1, then up to the square root of 2 x 8, above. */
  @Test
  void bucketsOfPastDistances() {
    float[] columns = {0, 1, 2, 3, 10, 11, 12, 13};
    try (DjlBackend backend = DjlBackend.open()) {
      Tensor y =
          OneNode.contributed("RelativePositionBias")
              .with("max_distance", 8)
              .data(Tensor.ofFloats(Shape.of(4, 2), columns))
              .argument(Tensor.ofLongs(6))
              .argument(Tensor.ofLongs(6))
              .run(backend);
      assertThat(y.shape()).isEqualTo(Shape.of(1, 2, 6, 6));
      float[] last = java.util.Arrays.copyOfRange(y.toFloats(), 30, 36);
      assertThat(last).containsExactly(3, 3, 2, 2, 1, 0);
      float[] first = java.util.Arrays.copyOfRange(y.toFloats(), 36, 42);
      assertThat(first).containsExactly(10, 10, 10, 10, 10, 10);
    }
  }

  /** One head of one value: u = r = 1/2 with weights of 0, so that the bias is 2 - 1/2 + a/4. */
  @Test
  void gatesScaleTheBias() {
    try (DjlBackend backend = DjlBackend.open()) {
      Tensor y =
          OneNode.contributed("GatedRelativePositionBias")
              .with("num_heads", 1)
              .data(Tensor.ofFloats(Shape.of(1, 1, 1), 5))
              .argument(Tensor.ofFloats(Shape.of(1), 0))
              .data(Tensor.ofFloats(Shape.of(1, 1, 1, 1), 3))
              .argument(Tensor.ofFloats(Shape.of(1, 2), 0, 0))
              .argument(Tensor.ofFloats(Shape.of(2), 0, 0))
              .argument(Tensor.ofFloats(Shape.of(1, 1, 1, 1), 4))
              .run(backend);
      assertThat(y.toFloats()).containsExactly(3 * (2 - 0.5f + 4 / 4f));
    }
  }
}
