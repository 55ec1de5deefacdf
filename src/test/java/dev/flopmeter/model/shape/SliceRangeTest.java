package dev.flopmeter.model.shape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.ModelException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SliceRangeTest {
  /**
   * Compares every small case with a walk along the axis; ONNX starts on the axis, even backwards.
   */
  @Test
  void selectsTheSameAsAWalk() {
    for (long size = 0; size < 6; size++) {
      for (long start = -8; start <= 8; start++) {
        for (long end = -8; end <= 8; end++) {
          for (long step = -3; step <= 3; step++) {
            if (step != 0) {
              requireWalk(size, start, end, step);
            }
          }
        }
      }
    }
  }

  private static void requireWalk(long size, long start, long end, long step) {
    boolean up = step > 0;
    long low = up ? 0 : -1;
    long high = up ? size : size - 1;
    long from = Math.min(Math.max(start < 0 ? start + size : start, 0), high);
    long to = Math.min(Math.max(end < 0 ? end + size : end, low), high);
    long count = 0;
    for (long at = from; up ? at < to : at > to; at += step) {
      count++;
    }
    SliceRange range = SliceRange.of(size, start, end, step);
    assertThat(range.count()).as("[%d:%d:%d] of %d", start, end, step, size).isEqualTo(count);
    if (count > 0) {
      assertThat(range.start()).isEqualTo(from);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, 9223372036854775807, 1, 5",
    "-9223372036854775808, 9223372036854775807, 1, 5",
    "4, -9223372036854775808, -1, 5",
    "9223372036854775807, -9223372036854775808, -1, 5",
    "0, 5, 9223372036854775807, 1",
    "4, -9223372036854775808, -9223372036854775808, 1"
  })
  void readsTheEndsOfTheNumbersAsNoLimit(long start, long end, long step, long count) {
    assertThat(SliceRange.of(5, start, end, step).count()).isEqualTo(count);
  }

  @Test
  void refusesAStepOfZero() {
    assertThatThrownBy(() -> SliceRange.of(5, 0, 5, 0)).isInstanceOf(ModelException.class);
  }
}
