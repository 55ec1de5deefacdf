package dev.flopmeter.run.djl.kernel;

import dev.flopmeter.model.DataType;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * PyTorch's numbers for element types ({@code c10::ScalarType}). PyTorch has no 4- and 2-bit
 * integers: each is held as one byte.
 */
public final class ScalarTypes {
  public static final int UINT8 = 0;
  public static final int INT32 = 3;
  public static final int INT64 = 4;
  public static final int FLOAT = 6;
  public static final int DOUBLE = 7;
  public static final int BOOL = 11;

  private static final Map<DataType, Integer> CODES = new EnumMap<>(DataType.class);

  static {
    CODES.put(DataType.UINT8, UINT8);
    CODES.put(DataType.INT8, 1);
    CODES.put(DataType.INT16, 2);
    CODES.put(DataType.INT32, INT32);
    CODES.put(DataType.INT64, INT64);
    CODES.put(DataType.FLOAT16, 5);
    CODES.put(DataType.FLOAT, FLOAT);
    CODES.put(DataType.DOUBLE, DOUBLE);
    CODES.put(DataType.COMPLEX64, 9);
    CODES.put(DataType.COMPLEX128, 10);
    CODES.put(DataType.BOOL, BOOL);
    CODES.put(DataType.BFLOAT16, 15);
    CODES.put(DataType.FLOAT8E5M2, 23);
    CODES.put(DataType.FLOAT8E4M3FN, 24);
    CODES.put(DataType.FLOAT8E5M2FNUZ, 25);
    CODES.put(DataType.FLOAT8E4M3FNUZ, 26);
    CODES.put(DataType.UINT16, 27);
    CODES.put(DataType.UINT32, 28);
    CODES.put(DataType.UINT64, 29);
    CODES.put(DataType.UINT4, UINT8);
    CODES.put(DataType.INT4, 1);
    CODES.put(DataType.UINT2, UINT8);
    CODES.put(DataType.INT2, 1);
  }

  private ScalarTypes() {}

  /** The number of the type that holds {@code type}; nothing if PyTorch has none. */
  public static Optional<Integer> find(DataType type) {
    return Optional.ofNullable(CODES.get(type));
  }

  /** The type with PyTorch's number {@code code}. */
  public static Optional<DataType> ofCode(long code) {
    return CODES.entrySet().stream()
        .filter(entry -> entry.getValue() == code && entry.getKey().bits() >= 8)
        .map(Map.Entry::getKey)
        .findFirst();
  }

  /**
   * The type that PyTorch computes in where it has no arithmetic on {@code type} itself, or only an
   * inexact one: wider integers for the unsigned ones, float32 for the narrow floats.
   */
  static Optional<Integer> wider(DataType type) {
    return switch (type) {
      case UINT16, UINT32, UINT64 -> Optional.of(INT64);
      case FLOAT16, BFLOAT16, FLOAT8E4M3FN, FLOAT8E5M2, FLOAT8E4M3FNUZ, FLOAT8E5M2FNUZ ->
          Optional.of(FLOAT);
      default -> Optional.empty();
    };
  }
}
