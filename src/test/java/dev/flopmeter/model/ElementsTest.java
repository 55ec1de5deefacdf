package dev.flopmeter.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ElementsTest {
  @ParameterizedTest
  @EnumSource
  void holdsSmallNumbersOfEveryNumericType(DataType type) {
    TensorType vector = TensorType.of(type, 7);
    if (type.bits() == 0 || type.name().startsWith("COMPLEX")) {
      assertThatThrownBy(() -> DenseTensor.ofLongs(vector, new long[7]))
          .hasMessageContaining("are not numbers");
      return;
    }
    // 1 and 0 exist in every type except E8M0, which has no zero; neighbours must not be affected.
    long other = type == DataType.FLOAT8E8M0 ? 2 : 0;
    long[] values = {1, other, 1, 1, other, other, 1};
    DenseTensor tensor = DenseTensor.ofLongs(vector, values);
    assertThat(tensor.toLongs()).isEqualTo(values);
    assertThat(tensor.doubleAt(3)).isEqualTo(1);
    assertThat(tensor.data().remaining()).isEqualTo((7 * type.bits() + 7) / 8);
  }

  @Test
  void extendsSignsAndKeepsLowBits() {
    assertThat(DenseTensor.ofLongs(TensorType.of(DataType.INT4, 2), -8, 23).toLongs())
        .containsExactly(-8, 23 - 16);
    assertThat(DenseTensor.ofLongs(TensorType.of(DataType.UINT4, 2), -1, 16).toLongs())
        .containsExactly(15, 0);
    assertThat(DenseTensor.ofLongs(TensorType.of(DataType.INT2, 3), -2, 1, 3).toLongs())
        .containsExactly(-2, 1, -1);
    assertThat(DenseTensor.ofLongs(TensorType.of(DataType.UINT32, 1), -1).toLongs())
        .containsExactly((1L << 32) - 1);
    assertThat(DenseTensor.ofLongs(TensorType.of(DataType.UINT8, 1), 257).toLongs())
        .containsExactly(1);
  }

  @Test
  void putsTheFirstPackedElementIntoTheLowBits() {
    DenseTensor nibbles = DenseTensor.ofLongs(TensorType.of(DataType.UINT4, 3), 1, 2, 3);
    assertThat(nibbles.data().get(0)).isEqualTo((byte) (1 + (2 << 4)));
    assertThat(nibbles.data().get(1)).isEqualTo((byte) 3);
    DenseTensor pairs = DenseTensor.ofLongs(TensorType.of(DataType.UINT2, 4), 3, 0, 1, 2);
    assertThat(pairs.data().get(0)).isEqualTo((byte) (3 + (1 << 4) + (2 << 6)));
  }

  @Test
  void roundsUnsignedLongsToTheNearestDouble() {
    Random random = new Random(7);
    for (int i = 0; i < 10_000; i++) {
      long bits = i == 0 ? (1L << 63) + (1L << 10) + 1 : random.nextLong();
      double expected = new BigInteger(Long.toUnsignedString(bits)).doubleValue();
      DenseTensor tensor = DenseTensor.ofLongs(TensorType.of(DataType.UINT64, 1), bits);
      assertThat(tensor.doubleAt(0)).isEqualTo(expected);
    }
    DenseTensor large = DenseTensor.ofDoubles(TensorType.of(DataType.UINT64, 1), 0x1p63 + 0x1p20);
    assertThat(large.longAt(0)).isEqualTo(Long.MIN_VALUE + (1L << 20));
  }

  @Test
  void refusesElementsThatAreNotThere() {
    Tensor empty = Tensor.ofLongs();
    assertThatThrownBy(() -> empty.longAt(0)).hasMessage("a tensor int64[0] has no element 0");
    assertThatThrownBy(() -> Tensor.ofLongs(1, 2).longAt(2)).isInstanceOf(ModelException.class);
    assertThatThrownBy(() -> Tensor.ofLong(1).doubleAt(-1)).isInstanceOf(ModelException.class);
    assertThatThrownBy(() -> Tensor.ofLong(1).longAt(1L << 32)).isInstanceOf(ModelException.class);
  }

  @Test
  void refusesDataOfAnotherSize() {
    assertThatThrownBy(
            () -> DenseTensor.of(TensorType.of(DataType.INT4, 5), ByteBuffer.allocate(5)))
        .hasMessage("a tensor int4[5] takes 3 bytes, but has 5");
    assertThatThrownBy(() -> Tensor.ofLongs(1, 2).reshaped(Shape.of(3)))
        .isInstanceOf(ModelException.class);
  }

  @Test
  void refusesToHoldMoreThanAnArray() {
    FilledTensor huge = FilledTensor.of(TensorType.of(DataType.INT8, 1L << 40), 1);
    assertThat(huge.longAt((1L << 40) - 1)).isEqualTo(1);
    assertThatThrownBy(huge::data).isInstanceOf(ModelException.class);
    assertThatThrownBy(huge::toLongs).isInstanceOf(ModelException.class);
  }

  @ParameterizedTest
  @EnumSource
  void filledTensorsHoldTheirValueEverywhere(DataType type) {
    if (type == DataType.STRING || type.name().startsWith("COMPLEX")) {
      return;
    }
    double value = type.isFloat() ? 0.5 : 1;
    FilledTensor filled = FilledTensor.of(TensorType.of(type, 3, 3), value);
    DenseTensor dense = DenseTensor.of(filled.type(), filled.data());
    assertThat(dense.toDoubles()).hasSize(9).containsOnly(value);
    assertThat(filled.reshaped(Shape.of(9)).toDoubles()).containsOnly(value);
    assertThat(FilledTensor.of(TensorType.of(type, 0), value).data().remaining()).isZero();
  }

  @Test
  void filledTensorsOfTextsHaveNoBytes() {
    TensorType type = TensorType.of(DataType.STRING, 4);
    Tensor one = DenseTensor.of(TensorType.of(DataType.STRING), ByteBuffer.allocate(0));
    assertThat(new FilledTensor(type, one).data().remaining()).isZero();
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16", "INT8", "INT64", "BOOL", "INT4"})
  void randomTensorsReadAloneAsTheyReadTogether(DataType type) {
    RandomTensor random = new RandomTensor(TensorType.of(type, 50), 3, -2.5, 2.5);
    Tensor dense = DenseTensor.of(random.type(), random.data());
    assertThat(random.toDoubles()).isEqualTo(dense.toDoubles());
    assertThat(random.toLongs()).isEqualTo(dense.toLongs());
    assertThat(random).isEqualTo(new RandomTensor(TensorType.of(type, 50), 3, -2.5, 2.5));
  }

  @Test
  void randomTensorsAreEvenlySpread() {
    RandomTensor random = new RandomTensor(TensorType.of(DataType.INT32, 30_000), 5, -1, 2);
    long[] values = random.toLongs();
    for (long value = -1; value < 2; value++) {
      long wanted = value;
      // A third of 30000, give or take 5 standard deviations of sqrt(30000 * 1/3 * 2/3) = 82.
      assertThat(java.util.Arrays.stream(values).filter(v -> v == wanted).count())
          .isBetween(10_000L - 5 * 82, 10_000L + 5 * 82);
    }
    assertThat(values).containsOnly(-1, 0, 1);
    assertThatThrownBy(() -> new RandomTensor(random.type(), 1, 2, Double.NaN))
        .isInstanceOf(ModelException.class);
  }
}
