package dev.flopmeter.run.djl.kernel;

import dev.flopmeter.model.DataType;
import dev.flopmeter.text.Csv;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * PyTorch's numbers for element types ({@code c10::ScalarType}). PyTorch has no 4- and 2-bit
 * integers: each is held as one byte; nor E2M1 and E8M0: each is held as float32.
 */
public final class ScalarTypes {
  private static final Map<DataType, Integer> CODES = new EnumMap<>(DataType.class);

  static {
    for (List<String> row : Csv.rows(ScalarTypes.class, "scalar-types.csv")) {
      CODES.put(DataType.valueOf(row.get(0)), Integer.valueOf(row.get(1)));
    }
  }

  public static final int UINT8 = find(DataType.UINT8).orElseThrow();
  public static final int INT32 = find(DataType.INT32).orElseThrow();
  public static final int INT64 = find(DataType.INT64).orElseThrow();
  public static final int FLOAT = find(DataType.FLOAT).orElseThrow();
  public static final int DOUBLE = find(DataType.DOUBLE).orElseThrow();
  public static final int BOOL = find(DataType.BOOL).orElseThrow();

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
