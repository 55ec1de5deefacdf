package dev.flopmeter.model.shape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import org.junit.jupiter.api.Test;

class TransposedWindowTest {
  private static TransposedWindow of(long in, long kernel, Object... attributes) {
    return TransposedWindow.of(Attributes.of(attributes), Shape.of(1, 1, in), new long[] {kernel});
  }

  private static long[] list(long... values) {
    return values;
  }

  @Test
  void growsByTheStride() {
    assertThat(of(5, 3).output()).isEqualTo(Shape.of(5 - 1 + 3));
    assertThat(of(5, 3, "strides", list(2)).output()).isEqualTo(Shape.of(2 * (5 - 1) + 3));
    assertThat(of(5, 3, "dilations", list(2)).output()).isEqualTo(Shape.of(5 - 1 + 2 * 2 + 1));
    assertThat(of(5, 3, "pads", list(1, 2)).output()).isEqualTo(Shape.of(5 - 1 + 3 - 1 - 2));
    assertThat(of(5, 3, "strides", list(2), "output_padding", list(1)).output())
        .isEqualTo(Shape.of(2 * (5 - 1) + 1 + 3));
  }

  @Test
  void takesPadsFromTheOutputShape() {
    // Full size 2 * 4 + 3 = 11; asked for 8: 3 to cut, the odd one in front.
    TransposedWindow window = of(5, 3, "strides", list(2), "output_shape", list(8));
    assertThat(window.output()).isEqualTo(Shape.of(8));
    assertThat(window.window().padBegin()).containsExactly(2);
    assertThat(window.window().padEnd()).containsExactly(1);
    TransposedWindow wider = of(5, 3, "strides", list(2), "output_shape", list(1, 1, 12));
    assertThat(wider.output()).isEqualTo(Shape.of(12));
    assertThat(wider.outputPadding()).containsExactly(12 - 11);
  }

  @Test
  void samePadsMultiplyTheSize() {
    TransposedWindow upper = of(5, 3, "strides", list(2), "auto_pad", "SAME_UPPER");
    assertThat(upper.output()).isEqualTo(Shape.of(5 * 2));
    assertThat(upper.window().padBegin()).containsExactly(0);
    assertThat(upper.window().padEnd()).containsExactly(11 - 10);
    assertThat(of(5, 3, "strides", list(2), "auto_pad", "SAME_LOWER").window().padBegin())
        .containsExactly(11 - 10);
  }

  @Test
  void refusesWhatMakesNoSense() {
    assertThatThrownBy(() -> of(5, 3, "auto_pad", "SAMEISH")).hasMessageContaining("'SAMEISH'");
    assertThatThrownBy(() -> of(5, 3, "output_shape", list()))
        .hasMessage("the attribute 'output_shape' needs 1 values");
    assertThatThrownBy(() -> of(5, 3, "pads", list(9, 9))).isInstanceOf(ModelException.class);
    assertThatThrownBy(() -> of(5, 3, "strides", list(0))).isInstanceOf(ModelException.class);
  }

  @Test
  void refusesToWrapAround() {
    long huge = Long.MAX_VALUE;
    assertThatThrownBy(() -> of(5, 3, "strides", list(huge))).isInstanceOf(ModelException.class);
    assertThatThrownBy(() -> of(5, huge, "dilations", list(huge)))
        .isInstanceOf(ModelException.class);
    assertThatThrownBy(() -> of(5, 3, "output_padding", list(huge)))
        .isInstanceOf(ModelException.class);
    assertThatThrownBy(() -> of(5, 3, "pads", list(huge, huge))).isInstanceOf(ModelException.class);
  }
}
