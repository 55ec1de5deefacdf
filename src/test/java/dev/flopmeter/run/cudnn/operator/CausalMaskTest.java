package dev.flopmeter.run.cudnn.operator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import org.junit.jupiter.api.Test;

/** The constant masks that are recognised as causal. */
class CausalMaskTest {
  @Test
  void knowsATriangularMaskAsCausal() {
    float[] mask = new float[49];
    for (int i = 0; i < 49; i++) {
      mask[i] = i % 7 > i / 7 ? Float.NEGATIVE_INFINITY : 0;
    }
    assertThat(AttentionSteps.isCausal(Tensor.ofFloats(Shape.of(1, 1, 7, 7), mask))).isTrue();
    mask[8] = -1;
    assertThat(AttentionSteps.isCausal(Tensor.ofFloats(Shape.of(1, 1, 7, 7), mask))).isFalse();
    mask[8] = 0;
    mask[1] = 0;
    assertThat(AttentionSteps.isCausal(Tensor.ofFloats(Shape.of(1, 1, 7, 7), mask))).isFalse();
    float[] rows = new float[35];
    assertThat(AttentionSteps.isCausal(Tensor.ofFloats(Shape.of(5, 7), rows))).isFalse();
  }
}
