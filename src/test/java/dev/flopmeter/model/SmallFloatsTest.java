package dev.flopmeter.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every code of every narrow format, compared with the definitions in double arithmetic. */
class SmallFloatsTest {
  @FunctionalInterface
  private interface Encoder {
    int encode(float value);
  }

  /** (-1)^s * 1.m * 2^(e - bias), or 0.m * 2^(1 - bias) where e is 0. */
  private static double defined(int code, int exponentBits, int mantissaBits, int bias) {
    int sign = code >> (exponentBits + mantissaBits);
    int exponent = code >> mantissaBits & ((1 << exponentBits) - 1);
    double fraction = (code & ((1 << mantissaBits) - 1)) / (double) (1 << mantissaBits);
    double magnitude =
        exponent == 0
            ? fraction * Math.pow(2, 1 - bias)
            : (1 + fraction) * Math.pow(2, exponent - bias);
    return sign == 0 ? magnitude : -magnitude;
  }

  @Test
  void halfIsWhatIeeeDefines() {
    for (int code = 0; code < 1 << 16; code++) {
      float value = SmallFloats.halfToFloat((short) code);
      if ((code >> 10 & 0x1F) == 0x1F) {
        assertThat((code & 0x3FF) == 0 ? Float.isInfinite(value) : Float.isNaN(value)).isTrue();
      } else {
        assertThat((double) value).isEqualTo(defined(code, 5, 10, 15));
      }
      if (!Float.isNaN(value)) {
        assertThat(SmallFloats.floatToHalf(value)).isEqualTo((short) code);
      }
    }
    assertThat(SmallFloats.halfToFloat(SmallFloats.floatToHalf(Float.NaN))).isNaN();
  }

  @Test
  void bfloat16IsTheUpperHalfOfFloat() {
    for (int code = 0; code < 1 << 16; code++) {
      float value = SmallFloats.bfloat16ToFloat((short) code);
      if ((code & 0x7F80) != 0x7F80) {
        assertThat((double) value).isEqualTo(defined(code, 8, 7, 127));
      }
      if (!Float.isNaN(value)) {
        assertThat(SmallFloats.floatToBfloat16(value)).isEqualTo((short) code);
      }
    }
    assertThat(SmallFloats.bfloat16ToFloat(SmallFloats.floatToBfloat16(Float.NaN))).isNaN();
  }

  @Test
  void halfRoundsToNearestEven() {
    // 65504 is the largest; the next step would be 65536, so 65520 is the tie that overflows.
    assertThat(SmallFloats.floatToHalf(Math.nextDown(65520f))).isEqualTo((short) 0x7BFF);
    assertThat(SmallFloats.floatToHalf(65520f)).isEqualTo((short) 0x7C00);
    requireNearestEven(
        code -> SmallFloats.halfToFloat((short) code),
        value -> SmallFloats.floatToHalf(value) & 0xFFFF,
        0x7BFF);
  }

  @Test
  void bfloat16RoundsToNearestEven() {
    requireNearestEven(
        code -> SmallFloats.bfloat16ToFloat((short) code),
        value -> SmallFloats.floatToBfloat16(value) & 0xFFFF,
        0x7F7F);
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ"})
  void float8IsWhatOnnxDefines(DataType type) {
    boolean isE4 = type.name().contains("E4M3");
    boolean isUnsignedZero = type.name().endsWith("UZ");
    int bias = (isE4 ? 7 : 15) + (isUnsignedZero ? 1 : 0);
    for (int code = 0; code < 256; code++) {
      float value = SmallFloats.decode(type, code);
      int magnitude = code & 0x7F;
      if (isUnsignedZero ? code == 0x80 : magnitude > (isE4 ? 0x7E : 0x7C)) {
        assertThat(value).isNaN();
        continue;
      }
      if (type == DataType.FLOAT8E5M2 && magnitude == 0x7C) {
        assertThat(value).isInfinite();
        continue;
      }
      assertThat((double) value).isEqualTo(defined(code, isE4 ? 4 : 5, isE4 ? 3 : 2, bias));
      assertThat(SmallFloats.encode(type, value)).isEqualTo(code);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ"})
  void float8RoundsToNearestEvenAndSaturates(DataType type) {
    int largest = type == DataType.FLOAT8E4M3FN ? 0x7E : type == DataType.FLOAT8E5M2 ? 0x7B : 0x7F;
    requireNearestEven(
        code -> SmallFloats.decode(type, code), value -> SmallFloats.encode(type, value), largest);
    // Of the four only E5M2 has an infinity; a saturating Cast saturates before it stores one.
    int infinite = SmallFloats.encode(type, Float.POSITIVE_INFINITY);
    assertThat(infinite).isEqualTo(type == DataType.FLOAT8E5M2 ? 0x7C : largest);
    assertThat(SmallFloats.encode(type, -1e30f)).isEqualTo(largest | 0x80);
    int nan = SmallFloats.encode(type, Float.NaN);
    assertThat(SmallFloats.decode(type, nan)).isNaN();
  }

  @Test
  void e8m0HoldsPowersOfTwoAndRoundsUp() {
    for (int code = 0; code < 255; code++) {
      float value = SmallFloats.decode(DataType.FLOAT8E8M0, code);
      assertThat((double) value).isEqualTo(Math.pow(2, code - 127));
      assertThat(e8m0(value)).isEqualTo(code);
      assertThat(e8m0(Math.nextUp(value))).isEqualTo(Math.min(254, code + 1));
      assertThat(e8m0(Math.nextDown(value))).isEqualTo(code);
    }
    assertThat(SmallFloats.decode(DataType.FLOAT8E8M0, 0xFF)).isNaN();
    assertThat(e8m0(Float.NaN)).isEqualTo(0xFF);
    assertThat(e8m0(Float.POSITIVE_INFINITY)).isEqualTo(254);
  }

  private static int e8m0(float value) {
    return SmallFloats.encode(DataType.FLOAT8E8M0, value);
  }

  @Test
  void float4IsE2M1() {
    DataType type = DataType.FLOAT4E2M1;
    for (int code = 0; code < 16; code++) {
      float value = SmallFloats.decode(type, code);
      assertThat((double) value).isEqualTo(defined(code, 2, 1, 1));
      assertThat(SmallFloats.encode(type, value)).isEqualTo(code);
    }
    requireNearestEven(
        code -> SmallFloats.decode(type, code), value -> SmallFloats.encode(type, value), 7);
    assertThat(SmallFloats.encode(type, -100f)).isEqualTo(15);
    assertThat(SmallFloats.encode(type, Float.POSITIVE_INFINITY)).isEqualTo(7);
  }

  /** Rounding a double twice, through float, would lose its last bits. */
  @Test
  void doublesAreRoundedOnce() {
    double justAboveTie = 1 + 0x1p-11 + 0x1p-40; // half's step at 1 is 2^-10
    assertThat((float) justAboveTie).isEqualTo((float) (1 + 0x1p-11));
    for (DataType type : List.of(DataType.FLOAT16)) {
      assertThat(rounded(type, justAboveTie)).isEqualTo(1 + 0x1p-10);
      assertThat(rounded(type, 1 + 0x1p-11)).isEqualTo(1);
      assertThat(rounded(type, -justAboveTie)).isEqualTo(-1 - 0x1p-10);
    }
    assertThat(rounded(DataType.BFLOAT16, 1 + 0x1p-8 + 0x1p-40)).isEqualTo(1 + 0x1p-7);
    assertThat(rounded(DataType.FLOAT8E4M3FN, 1 + 0x1p-4 + 0x1p-40)).isEqualTo(1 + 0x1p-3);
    assertThat(rounded(DataType.FLOAT16, 1e300)).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(rounded(DataType.FLOAT16, -1e-300)).isEqualTo(-0.0);
  }

  private static double rounded(DataType type, double value) {
    return DenseTensor.ofDoubles(TensorType.of(type), value).doubleAt(0);
  }

  /**
   * Around every pair of neighbours: a tie goes to the even code, everything else to the nearer.
   */
  private static void requireNearestEven(IntToDoubleFunction decode, Encoder encoder, int largest) {
    Random random = new Random(1);
    List<String> wrong = new ArrayList<>();
    for (int code = 0; code < largest; code++) {
      double low = decode.applyAsDouble(code);
      double high = decode.applyAsDouble(code + 1);
      float tie = (float) ((low + high) / 2);
      int even = code % 2 == 0 ? code : code + 1;
      float drawn = (float) (low + (high - low) * random.nextDouble());
      double down = drawn - low;
      double up = high - drawn;
      int nearest = down < up ? code : up < down ? code + 1 : even;
      boolean right =
          encoder.encode(tie) == even
              && encoder.encode(Math.nextDown(tie)) == code
              && encoder.encode(Math.nextUp(tie)) == code + 1
              && encoder.encode(drawn) == nearest;
      if (!right) {
        wrong.add(Integer.toHexString(code));
      }
    }
    assertThat(wrong).isEmpty();
  }
}
