package dev.flopmeter.model;

import dev.flopmeter.text.Labelled;

/**
 * Element types of tensors, numbered as ONNX's {@code TensorProto.DataType}.
 *
 * <p>Sizes are in bits because ONNX packs its 4- and 2-bit types; {@link #bytes} rounds up to whole
 * bytes.
 */
public enum DataType implements Labelled {
  FLOAT(1, 32, Kind.FLOAT),
  UINT8(2, 8, Kind.INTEGER),
  INT8(3, 8, Kind.INTEGER),
  UINT16(4, 16, Kind.INTEGER),
  INT16(5, 16, Kind.INTEGER),
  INT32(6, 32, Kind.INTEGER),
  INT64(7, 64, Kind.INTEGER),
  STRING(8, 0, Kind.OTHER),
  BOOL(9, 8, Kind.OTHER),
  FLOAT16(10, 16, Kind.FLOAT),
  DOUBLE(11, 64, Kind.FLOAT),
  UINT32(12, 32, Kind.INTEGER),
  UINT64(13, 64, Kind.INTEGER),
  COMPLEX64(14, 64, Kind.OTHER),
  COMPLEX128(15, 128, Kind.OTHER),
  BFLOAT16(16, 16, Kind.FLOAT),
  FLOAT8E4M3FN(17, 8, Kind.FLOAT),
  FLOAT8E4M3FNUZ(18, 8, Kind.FLOAT),
  FLOAT8E5M2(19, 8, Kind.FLOAT),
  FLOAT8E5M2FNUZ(20, 8, Kind.FLOAT),
  UINT4(21, 4, Kind.INTEGER),
  INT4(22, 4, Kind.INTEGER),
  FLOAT4E2M1(23, 4, Kind.FLOAT),
  FLOAT8E8M0(24, 8, Kind.FLOAT),
  UINT2(25, 2, Kind.INTEGER),
  INT2(26, 2, Kind.INTEGER);

  private final int code;
  private final int bits;
  private final Kind kind;

  private enum Kind {
    FLOAT,
    INTEGER,
    OTHER
  }

  DataType(int code, int bits, Kind kind) {
    this.code = code;
    this.bits = bits;
    this.kind = kind;
  }

  /**
   * The type with ONNX's number {@code code}.
   *
   * @throws ModelException if ONNX has no such type
   */
  public static DataType ofCode(long code) {
    for (DataType type : values()) {
      if (type.code == code) {
        return type;
      }
    }
    throw new ModelException("tensor type " + code + " is not one that ONNX defines");
  }

  /**
   * The type that ONNX calls {@code name}, such as {@code FLOAT16}.
   *
   * @throws ModelException if ONNX has no such type
   */
  public static DataType named(String name) {
    for (DataType type : values()) {
      if (type.name().equals(name)) {
        return type;
      }
    }
    throw new ModelException("tensor type '" + name + "' is not one that ONNX defines");
  }

  /** ONNX's number of this type. */
  public int code() {
    return code;
  }

  /** Bits of one stored element; 0 for strings, whose size depends on the value. */
  public int bits() {
    return bits;
  }

  /**
   * Bytes of {@code elements} packed elements.
   *
   * @throws ModelException if that is more than 2^63-1
   */
  public long bytes(long elements) {
    if (bits % 8 == 0) {
      return Sizes.multiply(elements, bits / 8);
    }
    int perByte = 8 / bits;
    return elements / perByte + (elements % perByte == 0 ? 0 : 1);
  }

  /** True for floating-point types of any width. */
  public boolean isFloat() {
    return kind == Kind.FLOAT;
  }

  /** True for signed and unsigned integers (booleans are none). */
  public boolean isInteger() {
    return kind == Kind.INTEGER;
  }

  /** The name used in reports, such as {@code float16}. */
  @Override
  public String label() {
    return this == FLOAT ? "float32" : this == DOUBLE ? "float64" : Labelled.super.label();
  }
}
