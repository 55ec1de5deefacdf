package dev.flopmeter.model.djl;

import ai.djl.ndarray.types.Shape;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.TensorType;
import java.util.Arrays;
import java.util.Map;

/** DJL's shapes and element types as flopmeter's, and back. */
public final class DjlTypes {
  /** The types whose names differ, by DJL's name. */
  private static final Map<String, String> RENAMED =
      Map.of("FLOAT32", "FLOAT", "FLOAT64", "DOUBLE", "BOOLEAN", "BOOL");

  private DjlTypes() {}

  public static Shape shape(dev.flopmeter.model.Shape shape) {
    return new Shape(shape.dims());
  }

  static boolean isOpen(Shape shape) {
    return Arrays.stream(shape.getShape()).anyMatch(dim -> dim < 0);
  }

  /**
   * Returns the type of an array.
   *
   * @throws ModelException if a dimension is unknown (-1)
   */
  static TensorType type(Shape shape, ai.djl.ndarray.types.DataType type) {
    if (isOpen(shape)) {
      throw new ModelException(
          "the shape " + shape + " has an unknown dimension; specify every dimension");
    }
    return new TensorType(type(type), dev.flopmeter.model.Shape.of(shape.getShape()));
  }

  static DataType type(ai.djl.ndarray.types.DataType type) {
    if (type == ai.djl.ndarray.types.DataType.UNKNOWN) {
      throw new ModelException("an array of DJL's type UNKNOWN cannot be traced");
    }
    return DataType.valueOf(RENAMED.getOrDefault(type.name(), type.name()));
  }

  /**
   * Returns DJL's element type of the same name or width.
   *
   * @throws ModelException if it has none
   */
  public static ai.djl.ndarray.types.DataType type(DataType type) {
    return Arrays.stream(ai.djl.ndarray.types.DataType.values())
        .filter(each -> each != ai.djl.ndarray.types.DataType.UNKNOWN && type(each) == type)
        .findFirst()
        .orElseThrow(() -> new ModelException("DJL has no element type " + type.label()));
  }
}
