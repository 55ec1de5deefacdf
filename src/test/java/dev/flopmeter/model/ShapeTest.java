package dev.flopmeter.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ShapeTest {
  private static final Shape IMAGE = Shape.of(2, 3, 5, 7);

  @Test
  void countsElements() {
    assertThat(IMAGE.elements()).isEqualTo(2 * 3 * 5 * 7);
    assertThat(IMAGE.elements(1, 3)).isEqualTo(3 * 5);
    assertThat(Shape.SCALAR.elements()).isEqualTo(1);
    assertThat(Shape.of(4, 0, 9).elements()).isZero();
  }

  @Test
  void refusesMoreElementsThanALongCounts() {
    assertThat(Shape.of(1L << 31, 1L << 31).elements()).isEqualTo(1L << 62);
    assertThatThrownBy(() -> Shape.of(1L << 32, 1L << 31)).hasMessageContaining("2^63-1");
    assertThatThrownBy(() -> Shape.of(0, 1L << 32, 1L << 31)).hasMessageContaining("2^63-1");
  }

  @Test
  void refusesNegativeAndTooManyDimensions() {
    assertThatThrownBy(() -> Shape.of(2, -1)).isInstanceOf(ModelException.class);
    assertThat(Shape.of(new long[64]).rank()).isEqualTo(64);
    assertThatThrownBy(() -> Shape.of(new long[65])).hasMessageContaining("65 dimensions");
  }

  @Test
  void isIndependentOfTheArraysPassedInAndOut() {
    long[] dims = {2, 3};
    Shape shape = Shape.of(dims);
    dims[0] = 9;
    shape.dims()[1] = 9;
    assertThat(shape).isEqualTo(Shape.of(2, 3));
  }

  @ParameterizedTest
  @CsvSource({"2x3x5x7, 2x3x5x7", "'2,3, 5,7', 2x3x5x7", "'', scalar", "scalar, scalar", "0, 0"})
  void readsWhatItWrites(String text, String written) {
    assertThat(Shape.parse(text)).hasToString(written);
    assertThat(Shape.parse(written)).isEqualTo(Shape.parse(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "2x", "2xx3", "axb", "1.5", "-1x3", "99999999999999999999"})
  void refusesTextsThatAreNoShapes(String text) {
    assertThatThrownBy(() -> Shape.parse(text))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining(text);
  }

  @Test
  void countsNegativeAxesFromTheEnd() {
    assertThat(IMAGE.dim(-1)).isEqualTo(7);
    assertThat(IMAGE.axis(-4)).isZero();
    assertThatThrownBy(() -> IMAGE.axis(4)).hasMessage("axis 4 is outside of the shape 2x3x5x7");
    assertThatThrownBy(() -> IMAGE.axis(-5)).isInstanceOf(ModelException.class);
    assertThatThrownBy(() -> IMAGE.axis(Long.MIN_VALUE)).isInstanceOf(ModelException.class);
    assertThatThrownBy(() -> IMAGE.axis((1L << 32) + 1)).isInstanceOf(ModelException.class);
  }

  @Test
  void cutsAndJoins() {
    assertThat(IMAGE.slice(1, 3)).isEqualTo(Shape.of(3, 5));
    assertThat(IMAGE.slice(2, 2)).isEqualTo(Shape.SCALAR);
    assertThat(IMAGE.slice(0, 2).concat(IMAGE.slice(2, 4))).isEqualTo(IMAGE);
    assertThat(IMAGE.with(-2, 11)).isEqualTo(Shape.of(2, 3, 11, 7));
    assertThatThrownBy(() -> IMAGE.slice(3, 5)).isInstanceOf(ModelException.class);
    assertThatThrownBy(() -> IMAGE.slice(-1, 2)).isInstanceOf(ModelException.class);
    assertThatThrownBy(() -> IMAGE.slice(3, 2)).isInstanceOf(ModelException.class);
  }

  @Test
  void dropsAndPutsInOneDimension() {
    assertThat(IMAGE.without(1)).isEqualTo(Shape.of(2, 5, 7));
    assertThat(IMAGE.inserted(0, 9)).isEqualTo(Shape.of(9, 2, 3, 5, 7));
    assertThat(IMAGE.inserted(4, 9)).isEqualTo(Shape.of(2, 3, 5, 7, 9));
    assertThat(IMAGE.inserted(-1, 9)).isEqualTo(Shape.of(2, 3, 5, 7, 9));
    assertThat(IMAGE.inserted(-5, 9)).isEqualTo(Shape.of(9, 2, 3, 5, 7));
    assertThatThrownBy(() -> IMAGE.inserted(5, 9)).isInstanceOf(ModelException.class);
    assertThatThrownBy(() -> IMAGE.inserted(-6, 9)).isInstanceOf(ModelException.class);
    assertThatThrownBy(() -> IMAGE.inserted(1L << 32, 9)).isInstanceOf(ModelException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "2x3, 2x3, 2x3",
    "2x1, 1x3, 2x3",
    "3, 2x3, 2x3",
    "scalar, 2x3, 2x3",
    "1, 0, 0",
    "0x1, 1x4, 0x4"
  })
  void broadcastsBothWays(String a, String b, String out) {
    assertThat(Shape.parse(a).broadcast(Shape.parse(b))).hasToString(out);
    assertThat(Shape.parse(b).broadcast(Shape.parse(a))).hasToString(out);
  }

  @Test
  void refusesToBroadcastWhatDiffers() {
    assertThatThrownBy(() -> Shape.of(2, 3).broadcast(Shape.of(2)))
        .hasMessage("the shapes 2x3 and 2 do not broadcast");
    assertThatThrownBy(() -> Shape.of(0).broadcast(Shape.of(2))).isInstanceOf(ModelException.class);
  }
}
