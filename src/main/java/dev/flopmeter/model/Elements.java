package dev.flopmeter.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Reads and writes single elements of packed little-endian buffers, for every numeric type. */
public final class Elements {
  private Elements() {}

  /**
   * The number of elements of {@code type} as an array length.
   *
   * @throws ModelException if it does not fit an array
   */
  public static int count(TensorType type) {
    long count = type.elements();
    if (count > Integer.MAX_VALUE - 8) {
      throw new ModelException("a tensor " + type + " has too many elements to be held in memory");
    }
    return (int) count;
  }

  /**
   * A zeroed heap buffer for a tensor of {@code type}.
   *
   * @throws ModelException if it takes more than 2^31-1 bytes
   */
  public static ByteBuffer allocate(TensorType type) {
    long bytes = type.bytes();
    if (bytes > Integer.MAX_VALUE - 8) {
      throw new ModelException(
          "a tensor " + type + " takes " + bytes + " bytes; at most 2^31-9 can be held in memory");
    }
    return ByteBuffer.allocate((int) bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Element {@code index} of {@code data} (position ignored). */
  public static double getDouble(ByteBuffer data, DataType type, long index) {
    int i = (int) index;
    return switch (type) {
      case FLOAT -> data.getFloat(4 * i);
      case DOUBLE -> data.getDouble(8 * i);
      case FLOAT16 -> SmallFloats.halfToFloat(data.getShort(2 * i));
      case BFLOAT16 -> SmallFloats.bfloat16ToFloat(data.getShort(2 * i));
      case FLOAT8E4M3FN, FLOAT8E4M3FNUZ, FLOAT8E5M2, FLOAT8E5M2FNUZ, FLOAT8E8M0 ->
          SmallFloats.decode(type, data.get(i) & 0xFF);
      case FLOAT4E2M1 -> SmallFloats.decode(type, (int) getPacked(data, index, 4));
      case UINT64 -> unsignedToDouble(data.getLong(8 * i));
      case UINT8, INT8, UINT16, INT16, INT32, INT64, BOOL, UINT32, UINT4, INT4, UINT2, INT2 ->
          (double) getLong(data, type, index);
      case STRING, COMPLEX64, COMPLEX128 -> throw notANumber(type);
    };
  }

  /** Element {@code index} of {@code data} (position ignored), truncated to a long. */
  public static long getLong(ByteBuffer data, DataType type, long index) {
    int i = (int) index;
    return switch (type) {
      case INT64, UINT64 -> data.getLong(8 * i);
      case INT32 -> data.getInt(4 * i);
      case UINT32 -> data.getInt(4 * i) & 0xFFFFFFFFL;
      case INT16 -> data.getShort(2 * i);
      case UINT16 -> data.getShort(2 * i) & 0xFFFFL;
      case INT8 -> data.get(i);
      case UINT8 -> data.get(i) & 0xFFL;
      case BOOL -> data.get(i) == 0 ? 0 : 1;
      case UINT4 -> getPacked(data, index, 4);
      case INT4 -> getPacked(data, index, 4) << 60 >> 60;
      case UINT2 -> getPacked(data, index, 2);
      case INT2 -> getPacked(data, index, 2) << 62 >> 62;
      default -> (long) getDouble(data, type, index);
    };
  }

  /** Writes {@code value}, rounded to nearest even for floats and truncated for integers. */
  public static void putDouble(ByteBuffer data, DataType type, long index, double value) {
    int i = (int) index;
    switch (type) {
      case FLOAT -> data.putFloat(4 * i, (float) value);
      case DOUBLE -> data.putDouble(8 * i, value);
      case FLOAT16 -> data.putShort(2 * i, SmallFloats.floatToHalf(SmallFloats.toOdd(value)));
      case BFLOAT16 -> data.putShort(2 * i, SmallFloats.floatToBfloat16(SmallFloats.toOdd(value)));
      case FLOAT8E4M3FN, FLOAT8E4M3FNUZ, FLOAT8E5M2, FLOAT8E5M2FNUZ, FLOAT8E8M0 ->
          data.put(i, (byte) SmallFloats.encode(type, SmallFloats.toOdd(value)));
      case FLOAT4E2M1 ->
          putPacked(data, index, 4, SmallFloats.encode(type, SmallFloats.toOdd(value)));
      case BOOL -> data.put(i, (byte) (value != 0 ? 1 : 0));
      case UINT64 -> data.putLong(8 * i, doubleToUnsigned(value));
      case UINT8, INT8, UINT16, INT16, INT32, INT64, UINT32, UINT4, INT4, UINT2, INT2 ->
          putLong(data, type, index, (long) value);
      case STRING, COMPLEX64, COMPLEX128 -> throw notANumber(type);
    }
  }

  /** Writes {@code value}; narrower integers keep its low bits. */
  public static void putLong(ByteBuffer data, DataType type, long index, long value) {
    int i = (int) index;
    switch (type) {
      case INT64, UINT64 -> data.putLong(8 * i, value);
      case INT32, UINT32 -> data.putInt(4 * i, (int) value);
      case INT16, UINT16 -> data.putShort(2 * i, (short) value);
      case INT8, UINT8 -> data.put(i, (byte) value);
      case BOOL -> data.put(i, (byte) (value != 0 ? 1 : 0));
      case UINT4, INT4 -> putPacked(data, index, 4, value);
      case UINT2, INT2 -> putPacked(data, index, 2, value);
      default -> putDouble(data, type, index, (double) value);
    }
  }

  private static long getPacked(ByteBuffer data, long index, int bits) {
    int perByte = 8 / bits;
    int shift = (int) (index % perByte) * bits;
    return (data.get((int) (index / perByte)) >> shift) & ((1 << bits) - 1);
  }

  private static void putPacked(ByteBuffer data, long index, int bits, long value) {
    int perByte = 8 / bits;
    int at = (int) (index / perByte);
    int shift = (int) (index % perByte) * bits;
    int mask = ((1 << bits) - 1) << shift;
    data.put(at, (byte) ((data.get(at) & ~mask) | (((int) value << shift) & mask)));
  }

  private static double unsignedToDouble(long value) {
    // The lowest bit stays as the sticky bit that decides a tie when the half is rounded.
    return value >= 0 ? (double) value : ((value >>> 1) | (value & 1)) * 2.0;
  }

  private static long doubleToUnsigned(double value) {
    return value < 0x1p63 ? (long) value : (long) (value - 0x1p63) ^ Long.MIN_VALUE;
  }

  private static ModelException notANumber(DataType type) {
    return new ModelException("elements of type " + type.label() + " are not numbers");
  }
}
