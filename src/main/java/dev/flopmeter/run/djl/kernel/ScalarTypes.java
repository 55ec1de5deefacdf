package dev.flopmeter.run.djl.kernel;

import dev.flopmeter.model.DataType;
import dev.flopmeter.text.Csv;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** How PyTorch holds element types, from {@code scalar-types.csv}. */
public final class ScalarTypes {
  private static final Map<DataType, Integer> CODES = new EnumMap<>(DataType.class);
  private static final Map<DataType, DataType> COMPUTED = new EnumMap<>(DataType.class);
  private static final Map<DataType, DataType> CARRIERS = new EnumMap<>(DataType.class);

  static {
    for (List<String> row : Csv.rows(ScalarTypes.class, "scalar-types.csv")) {
      DataType type = DataType.valueOf(row.get(0));
      CODES.put(type, Integer.valueOf(row.get(1)));
      if (!row.get(2).isEmpty()) {
        COMPUTED.put(type, DataType.valueOf(row.get(2)));
      }
      if (!row.get(3).isEmpty()) {
        CARRIERS.put(type, DataType.valueOf(row.get(3)));
      }
    }
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

  /** The type of the same width as which DJL moves the bits of {@code type}, if it can. */
  public static Optional<DataType> carrier(DataType type) {
    return Optional.ofNullable(CARRIERS.get(type));
  }

  /** The number of the type that PyTorch computes in instead of {@code type}, if it does. */
  static Optional<Integer> wider(DataType type) {
    return Optional.ofNullable(COMPUTED.get(type)).flatMap(ScalarTypes::find);
  }
}
