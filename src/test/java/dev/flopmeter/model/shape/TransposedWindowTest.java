package dev.flopmeter.model.shape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.equation.Terms;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TransposedWindowTest {
  private static Map<?, ?> of(long in, long kernel, Object... attributes) {
    Shape shape = Shape.of(1, 1, in);
    return (Map<?, ?>) SharedEquation.of("transposed_window", shape, List.of(kernel), attributes);
  }

  private static Shape output(long in, long kernel, Object... attributes) {
    return Shape.of(Terms.dims(of(in, kernel, attributes).get("output")));
  }

  private static long[] list(long... values) {
    return values;
  }

  @Test
  void growsByTheStride() {
    assertThat(output(5, 3)).isEqualTo(Shape.of(5 - 1 + 3));
    assertThat(output(5, 3, "strides", list(2))).isEqualTo(Shape.of(2 * (5 - 1) + 3));
    assertThat(output(5, 3, "dilations", list(2))).isEqualTo(Shape.of(5 - 1 + 2 * 2 + 1));
    assertThat(output(5, 3, "pads", list(1, 2))).isEqualTo(Shape.of(5 - 1 + 3 - 1 - 2));
    assertThat(output(5, 3, "strides", list(2), "output_padding", list(1)))
        .isEqualTo(Shape.of(2 * (5 - 1) + 1 + 3));
  }

  @Test
  void takesPadsFromTheOutputShape() {
    // Full size 2 * 4 + 3 = 11; asked for 8: 3 to cut, the odd one in front.
    Map<?, ?> window = of(5, 3, "strides", list(2), "output_shape", list(8));
    assertThat(window.get("output")).isEqualTo(List.of(8L));
    assertThat(window.get("begin")).isEqualTo(List.of((long) 2));
    assertThat(window.get("end")).isEqualTo(List.of((long) 1));
    Map<?, ?> wider = of(5, 3, "strides", list(2), "output_shape", list(1, 1, 12));
    assertThat(wider.get("output")).isEqualTo(List.of((long) 12));
  }

  @Test
  void samePadsMultiplyTheSize() {
    Map<?, ?> upper = of(5, 3, "strides", list(2), "auto_pad", "SAME_UPPER");
    assertThat(upper.get("output")).isEqualTo(List.of((long) 5 * 2));
    assertThat(upper.get("begin")).isEqualTo(List.of((long) 0));
    assertThat(upper.get("end")).isEqualTo(List.of((long) 11 - 10));
    assertThat(of(5, 3, "strides", list(2), "auto_pad", "SAME_LOWER").get("begin"))
        .isEqualTo(List.of((long) 11 - 10));
  }

  @Test
  void refusesWhatMakesNoSense() {
    assertThatThrownBy(() -> of(5, 3, "auto_pad", "SAMEISH")).hasMessageContaining("'SAMEISH'");
    assertThatThrownBy(() -> of(5, 3, "output_shape", list()))
        .hasMessage("the attribute 'output_shape' needs 1 values");
    assertThatThrownBy(() -> output(5, 3, "pads", list(9, 9))).isInstanceOf(ModelException.class);
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
