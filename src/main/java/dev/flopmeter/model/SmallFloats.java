package dev.flopmeter.model;

/** Conversions between float32 and the narrower floating-point formats, to nearest even. */
final class SmallFloats {
  private SmallFloats() {}

  /**
   * A double as float32, rounded to odd: what is cut off stays visible in the last bit, so that
   * rounding the result again to a narrower format is the same as rounding once.
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

  /** bfloat16 to float32, exactly. */
  static float bfloat16ToFloat(short value) {
    return Float.intBitsToFloat(value << 16);
  }

  /** float32 to bfloat16. */
  static short floatToBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16 | 0x40);
    }
    return (short) ((bits + 0x7FFF + (bits >>> 16 & 1)) >>> 16);
  }

  /** One of ONNX's 8-bit formats to float32, exactly. */
  static float float8ToFloat(DataType type, byte code) {
    int bits = code & 0xFF;
    if (type == DataType.FLOAT8E8M0) {
      return bits == 0xFF ? Float.NaN : (float) Math.scalb(1.0, bits - 127);
    }
    int mantissaBits = mantissaBits(type);
    int bias = bias(type);
    boolean unsignedZero = type == DataType.FLOAT8E4M3FNUZ || type == DataType.FLOAT8E5M2FNUZ;
    if (unsignedZero && bits == 0x80) {
      return Float.NaN;
    }
    if (type == DataType.FLOAT8E4M3FN && (bits & 0x7F) == 0x7F) {
      return Float.NaN;
    }
    int exponent = (bits & 0x7F) >> mantissaBits;
    int mantissa = bits & ((1 << mantissaBits) - 1);
    if (type == DataType.FLOAT8E5M2 && exponent == 0x1F) {
      float infinity = bits < 0x80 ? Float.POSITIVE_INFINITY : Float.NEGATIVE_INFINITY;
      return mantissa == 0 ? infinity : Float.NaN;
    }
    double fraction = mantissa / (double) (1 << mantissaBits);
    double magnitude =
        exponent == 0 ? Math.scalb(fraction, 1 - bias) : Math.scalb(1 + fraction, exponent - bias);
    return (float) (bits < 0x80 ? magnitude : -magnitude);
  }

  /**
   * float32 to one of ONNX's 8-bit formats: the largest finite value for those beyond it, but for
   * infinity in E5M2, which has one. E8M0, which has powers of two only, takes the next one up, as
   * ONNX's Cast does unless told otherwise.
   */
  static byte floatToFloat8(DataType type, float value) {
    if (Float.isNaN(value)) {
      return switch (type) {
        case FLOAT8E4M3FNUZ, FLOAT8E5M2FNUZ -> (byte) 0x80;
        case FLOAT8E8M0 -> (byte) 0xFF;
        default -> 0x7F;
      };
    }
    if (type == DataType.FLOAT8E8M0) {
      int down = Math.max(0, Math.min(254, Math.getExponent(value) + 127));
      boolean isExact = float8ToFloat(type, (byte) down) >= Math.abs(value);
      return (byte) (isExact ? down : Math.min(254, down + 1));
    }
    float magnitude = Math.abs(value);
    if (type == DataType.FLOAT8E5M2 && magnitude == Float.POSITIVE_INFINITY) {
      return (byte) (value > 0 ? 0x7C : 0xFC);
    }
    int largest = largestCode(type);
    int low = 0;
    int high = largest;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (float8ToFloat(type, (byte) middle) <= magnitude) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    int best = low;
    if (low < largest) {
      float down = magnitude - float8ToFloat(type, (byte) low);
      float up = float8ToFloat(type, (byte) (low + 1)) - magnitude;
      if (up < down || (up == down && (low & 1) == 1)) {
        best = low + 1;
      }
    }
    boolean negative = Float.floatToRawIntBits(value) < 0;
    boolean unsignedZero = type == DataType.FLOAT8E4M3FNUZ || type == DataType.FLOAT8E5M2FNUZ;
    return (byte) (negative && !(unsignedZero && best == 0) ? best | 0x80 : best);
  }

  private static int largestCode(DataType type) {
    return switch (type) {
      case FLOAT8E4M3FN -> 0x7E;
      case FLOAT8E5M2 -> 0x7B;
      default -> 0x7F;
    };
  }

  private static int mantissaBits(DataType type) {
    return type == DataType.FLOAT8E4M3FN || type == DataType.FLOAT8E4M3FNUZ ? 3 : 2;
  }

  private static int bias(DataType type) {
    return switch (type) {
      case FLOAT8E4M3FN -> 7;
      case FLOAT8E4M3FNUZ -> 8;
      case FLOAT8E5M2 -> 15;
      default -> 16;
    };
  }

  private static final float[] FLOAT4 = {0f, 0.5f, 1f, 1.5f, 2f, 3f, 4f, 6f};

  /** The 4-bit E2M1 format to float32, exactly. */
  static float float4ToFloat(int code) {
    float magnitude = FLOAT4[code & 7];
    return (code & 8) == 0 ? magnitude : -magnitude;
  }

  /** float32 to the 4-bit E2M1 format, saturating. */
  static int floatToFloat4(float value) {
    float magnitude = Math.abs(value);
    int best = 0;
    for (int code = 1; code < FLOAT4.length; code++) {
      float down = Math.abs(FLOAT4[best] - magnitude);
      float up = Math.abs(FLOAT4[code] - magnitude);
      if (up < down || (up == down && (best & 1) == 1)) {
        best = code;
      }
    }
    return Float.floatToRawIntBits(value) < 0 ? best | 8 : best;
  }
}
