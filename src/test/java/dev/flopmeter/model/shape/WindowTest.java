package dev.flopmeter.model.shape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WindowTest {
  private static Map<?, ?> window(long in, long kernel, Object... attributes) {
    Shape shape = Shape.of(1, 1, in);
    return (Map<?, ?>) SharedEquation.of("window", shape, List.of(kernel), attributes);
  }

  private static long size(long in, long kernel, Object... attributes) {
    Shape shape = Shape.of(1, 1, in);
    return (long) SharedEquation.of("window_output", shape, List.of(kernel), attributes);
  }

  private static long[] list(long... values) {
    return values;
  }

  @Test
  void slidesWithoutPadsUnlessTold() {
    assertThat(size(10, 3)).isEqualTo(10 - 3 + 1);
    assertThat(size(10, 3, "strides", list(2))).isEqualTo((10 - 3) / 2 + 1);
    assertThat(size(10, 3, "dilations", list(2))).isEqualTo(10 - (2 * 2 + 1) + 1);
    assertThat(size(10, 3, "pads", list(1, 2))).isEqualTo(10 + 1 + 2 - 3 + 1);
  }

  /** Compares every small case with counting the windows one by one. */
  @Test
  void countsTheWindowsThatFit() {
    for (long in = 1; in < 9; in++) {
      for (long kernel = 1; kernel < 4; kernel++) {
        for (long stride = 1; stride < 5; stride++) {
          for (long pad = 0; pad < kernel; pad++) {
            for (boolean ceil : new boolean[] {false, true}) {
              long padded = in + 2 * pad;
              if (padded < kernel) {
                continue;
              }
              long count = 0;
              for (long at = 0; at < padded; at += stride) {
                boolean fits = at + kernel <= padded;
                boolean reaches = at - stride + kernel < padded && at < in + pad;
                count += fits || (ceil && at > 0 && reaches) ? 1 : 0;
              }
              assertThat(
                      size(
                          in,
                          kernel,
                          "strides",
                          list(stride),
                          "pads",
                          list(pad, pad),
                          "ceil_mode",
                          ceil ? 1 : 0))
                  .as("in %d kernel %d stride %d pad %d ceil %s", in, kernel, stride, pad, ceil)
                  .isEqualTo(count);
            }
          }
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"SAME_UPPER, 1, 2", "SAME_LOWER, 2, 1"})
  void samePadsKeepTheSize(String autoPad, long begin, long end) {
    // 10 wide, kernel 4, stride 1: 3 to add.
    Map<?, ?> window = window(10, 4, "auto_pad", autoPad);
    assertThat(window.get("begin")).isEqualTo(List.of(begin));
    assertThat(window.get("end")).isEqualTo(List.of(end));
    assertThat(size(10, 4, "auto_pad", autoPad)).isEqualTo(10);
    assertThat(size(10, 4, "auto_pad", autoPad, "strides", list(3))).isEqualTo((10 + 2) / 3);
  }

  @Test
  void validIgnoresPads() {
    assertThat(size(10, 3, "auto_pad", "VALID", "pads", list(5, 5))).isEqualTo(10 - 3 + 1);
  }

  @Test
  void refusesWhatMakesNoSense() {
    assertThatThrownBy(() -> window(10, 3, "auto_pad", "SAME")).hasMessageContaining("'SAME'");
    assertThatThrownBy(() -> window(10, 3, "strides", list(0))).hasMessageContaining("at least 1");
    assertThatThrownBy(() -> window(10, 0)).hasMessageContaining("at least 1");
    assertThatThrownBy(() -> window(10, 3, "strides", list(1, 1)))
        .hasMessage("the attribute 'strides' needs 1 values, not 2");
    assertThatThrownBy(() -> window(10, 3, "pads", list(1)))
        .hasMessage("the attribute 'pads' needs 2 values, not 1");
    assertThatThrownBy(() -> size(2, 3)).hasMessageContaining("does not fit into 2 elements");
    assertThatThrownBy(() -> SharedEquation.of("window", Shape.of(1, 1), List.of()))
        .hasMessageContaining("does not fit the input shape 1x1");
  }

  @Test
  void refusesToWrapAround() {
    long huge = Long.MAX_VALUE - 1;
    assertThatThrownBy(() -> size(10, 3, "pads", list(huge, huge)))
        .isInstanceOf(ModelException.class);
    assertThatThrownBy(() -> size(10, huge, "dilations", list(huge)))
        .isInstanceOf(ModelException.class);
    assertThatThrownBy(() -> window(10, huge, "dilations", list(3), "auto_pad", "SAME_UPPER"))
        .isInstanceOf(ModelException.class);
    assertThat(size(10, 3, "strides", list(huge))).isEqualTo(1);
  }
}
