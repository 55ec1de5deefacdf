package dev.flopmeter.model;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/** Conversions between float32 and the narrower floating-point formats, to nearest even. */
final class SmallFloats {
  private SmallFloats() {}

  /**
   * A double as float32, rounded to odd: the last bit records any lost digits, so that rounding the
   * result again to a narrower format is the same as rounding once.
   */
  static float toOdd(double value) {
    float nearest = (float) value;
    if (nearest == value || Double.isNaN(value)) {
      return nearest;
    }
    int bits = Float.floatToRawIntBits(nearest);
    return Float.intBitsToFloat(
        (Math.abs((double) nearest) > Math.abs(value) ? bits - 1 : bits) | 1);
  }

  /** IEEE 754 binary16 to float32, exactly. */
  static float halfToFloat(short half) {
    int bits = half & 0xFFFF;
    int sign = bits >>> 15 << 31;
    int exponent = bits >>> 10 & 0x1F;
    int mantissa = bits & 0x3FF;
    if (exponent == 0x1F) {
      return Float.intBitsToFloat(sign | 0x7F800000 | mantissa << 13);
    }
    if (exponent == 0) {
      float magnitude = mantissa * 0x1p-24f;
      return sign == 0 ? magnitude : -magnitude;
    }
    return Float.intBitsToFloat(sign | (exponent + 112) << 23 | mantissa << 13);
  }

  /** float32 to IEEE 754 binary16; too large values become infinite. */
  static short floatToHalf(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    int magnitude = bits & 0x7FFFFFFF;
    if (magnitude > 0x7F800000) {
      return (short) (sign | 0x7E00);
    }
    if (magnitude >= 0x477FF000) {
      return (short) (sign | 0x7C00);
    }
    if (magnitude < 0x38800000) {
      int subnormal = Float.floatToRawIntBits(Float.intBitsToFloat(magnitude) + 0.5f) - 0x3F000000;
      return (short) (sign | subnormal);
    }
    int rounded = magnitude + 0xFFF + (magnitude >>> 13 & 1);
    return (short) (sign | (rounded - 0x38000000) >>> 13);
  }

  static float bfloat16ToFloat(short value) {
    return Float.intBitsToFloat(value << 16);
  }

  static short floatToBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16 | 0x40);
    }
    return (short) ((bits + 0x7FFF + (bits >>> 16 & 1)) >>> 16);
  }

  /**
   * Parameters of one of ONNX's formats of 8 and 4 bits.
   *
   * @param sign the bit of the sign
   * @param largest the code of the largest finite value
   * @param nan the code of NaN; 0 if there is none. Formats without a negative zero use its code
   */
  private record Format(int sign, int mantissaBits, int bias, int largest, int nan) {}

  private static final Map<DataType, Format> FORMATS =
      new EnumMap<>(
          Map.of(
              DataType.FLOAT8E4M3FN, new Format(0x80, 3, 7, 0x7E, 0x7F),
              DataType.FLOAT8E4M3FNUZ, new Format(0x80, 3, 8, 0x7F, 0x80),
              DataType.FLOAT8E5M2, new Format(0x80, 2, 15, 0x7B, 0x7F),
              DataType.FLOAT8E5M2FNUZ, new Format(0x80, 2, 16, 0x7F, 0x80),
              DataType.FLOAT4E2M1, new Format(0x8, 1, 1, 0x7, 0)));

  /** The code of infinity in E5M2, which alone has one. */
  private static final int INFINITY = 0x7C;

  /** One of ONNX's formats of 8 or 4 bits to float32, exactly. */
  static float decode(DataType type, int code) {
    if (type == DataType.FLOAT8E8M0) {
      return code == 0xFF ? Float.NaN : (float) Math.scalb(1.0, code - 127);
    }
    Format format = Objects.requireNonNull(FORMATS.get(type));
    int bits = code & (format.sign - 1);
    boolean isInfinite = type == DataType.FLOAT8E5M2 && bits == INFINITY;
    if (!isInfinite && (bits > format.largest || (code != 0 && code == format.nan))) {
      return Float.NaN;
    }
    int exponent = bits >> format.mantissaBits;
    double fraction =
        (bits & ((1 << format.mantissaBits) - 1)) / (double) (1 << format.mantissaBits);
    double magnitude =
        isInfinite
            ? Double.POSITIVE_INFINITY
            : exponent == 0
                ? Math.scalb(fraction, 1 - format.bias)
                : Math.scalb(1 + fraction, exponent - format.bias);
    return (float) (bits == code ? magnitude : -magnitude);
  }

  /**
   * float32 to one of ONNX's formats of 8 or 4 bits: the largest finite value for those beyond it,
   * except for infinity in E5M2, which has one. E8M0, which only has powers of two, rounds up, like
   * ONNX's Cast by default.
   */
  static int encode(DataType type, float value) {
    if (type == DataType.FLOAT8E8M0) {
      int down = Math.max(0, Math.min(254, Math.getExponent(value) + 127));
      boolean isExact = decode(type, down) >= Math.abs(value);
      return Float.isNaN(value) ? 0xFF : isExact ? down : Math.min(254, down + 1);
    }
    Format format = Objects.requireNonNull(FORMATS.get(type));
    if (Float.isNaN(value)) {
      return format.nan;
    }
    float magnitude = Math.abs(value);
    int low = 0;
    int high = format.largest;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (decode(type, middle) <= magnitude) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    if (low < format.largest) {
      float down = magnitude - decode(type, low);
      float up = decode(type, low + 1) - magnitude;
      low += up < down || (up == down && (low & 1) == 1) ? 1 : 0;
    } else if (type == DataType.FLOAT8E5M2 && magnitude == Float.POSITIVE_INFINITY) {
      low = INFINITY;
    }
    boolean isNegative = Float.floatToRawIntBits(value) < 0;
    return isNegative && (low != 0 || format.nan != format.sign) ? low | format.sign : low;
  }
}
