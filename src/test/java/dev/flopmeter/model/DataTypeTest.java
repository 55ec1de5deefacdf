package dev.flopmeter.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class DataTypeTest {
  @ParameterizedTest
  @EnumSource
  void isFoundByItsNumber(DataType type) {
    assertThat(DataType.ofCode(type.code())).isEqualTo(type);
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, 0, 27, (1L << 32) + 1, Long.MIN_VALUE, Long.MAX_VALUE})
  void refusesNumbersWithoutAType(long code) {
    assertThatThrownBy(() -> DataType.ofCode(code)).hasMessageContaining(Long.toString(code));
  }

  @ParameterizedTest
  @EnumSource
  void isAtMostOneKindOfNumber(DataType type) {
    assertThat(type.isFloat() && type.isInteger()).isFalse();
  }

  @Test
  void packsSmallTypesIntoWholeBytes() {
    assertThat(DataType.INT4.bytes(0)).isZero();
    assertThat(DataType.INT4.bytes(5)).isEqualTo((5 * 4 + 7) / 8);
    assertThat(DataType.UINT2.bytes(9)).isEqualTo((9 * 2 + 7) / 8);
    assertThat(DataType.FLOAT4E2M1.bytes(Long.MAX_VALUE)).isEqualTo(Long.MAX_VALUE / 2 + 1);
    assertThat(DataType.COMPLEX128.bytes(3)).isEqualTo(3 * 2 * 8);
    assertThat(DataType.STRING.bytes(3)).isZero();
  }

  @Test
  void refusesMoreBytesThanALongCounts() {
    assertThatThrownBy(() -> DataType.FLOAT.bytes(1L << 61)).isInstanceOf(ModelException.class);
  }

  @Test
  void typesOfTensorsTellBytesAndText() {
    TensorType type = TensorType.of(DataType.FLOAT16, 2, 3);
    assertThat(type.bytes()).isEqualTo(2 * 3 * 2);
    assertThat(type.elements()).isEqualTo(2 * 3);
    assertThat(type).hasToString("float16[2x3]");
    assertThat(TensorType.of(DataType.DOUBLE)).hasToString("float64[scalar]");
    assertThat(type.withType(DataType.INT4).bytes()).isEqualTo(2 * 3 / 2);
    assertThat(type.withShape(Shape.of(5)).bytes()).isEqualTo(5 * 2);
  }
}
