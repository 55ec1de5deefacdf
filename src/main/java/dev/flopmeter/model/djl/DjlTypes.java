package dev.flopmeter.model.djl;

import ai.djl.ndarray.types.Shape;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.TensorType;
import java.util.Arrays;

/** DJL's shapes and element types as ours, and back. */
final class DjlTypes {
  private DjlTypes() {}

  static Shape shape(dev.flopmeter.model.Shape shape) {
    return new Shape(shape.dims());
  }

  /**
   * A shape whose dimensions are all known.
   *
   * @throws ModelException if one is open (-1)
   */
  static dev.flopmeter.model.Shape shape(Shape shape) {
    if (Arrays.stream(shape.getShape()).anyMatch(dim -> dim < 0)) {
      throw new ModelException("the shape " + shape + " is open; give every dimension a number");
    }
    return dev.flopmeter.model.Shape.of(shape.getShape());
  }

  static TensorType type(Shape shape, ai.djl.ndarray.types.DataType type) {
    return new TensorType(type(type), shape(shape));
  }

  static DataType type(ai.djl.ndarray.types.DataType type) {
    return switch (type) {
      case FLOAT32 -> DataType.FLOAT;
      case FLOAT64 -> DataType.DOUBLE;
      case FLOAT16 -> DataType.FLOAT16;
      case BFLOAT16 -> DataType.BFLOAT16;
      case UINT8 -> DataType.UINT8;
      case UINT16 -> DataType.UINT16;
      case UINT32 -> DataType.UINT32;
      case UINT64 -> DataType.UINT64;
      case INT8 -> DataType.INT8;
      case INT16 -> DataType.INT16;
      case INT32 -> DataType.INT32;
      case INT64 -> DataType.INT64;
      case BOOLEAN -> DataType.BOOL;
      case COMPLEX64 -> DataType.COMPLEX64;
      case STRING -> DataType.STRING;
      case UNKNOWN -> throw new ModelException("an array of DJL's type UNKNOWN cannot be traced");
    };
  }

  static ai.djl.ndarray.types.DataType type(DataType type) {
    return switch (type) {
      case FLOAT -> ai.djl.ndarray.types.DataType.FLOAT32;
      case DOUBLE -> ai.djl.ndarray.types.DataType.FLOAT64;
      case FLOAT16 -> ai.djl.ndarray.types.DataType.FLOAT16;
      case BFLOAT16 -> ai.djl.ndarray.types.DataType.BFLOAT16;
      case UINT8 -> ai.djl.ndarray.types.DataType.UINT8;
      case UINT16 -> ai.djl.ndarray.types.DataType.UINT16;
      case UINT32 -> ai.djl.ndarray.types.DataType.UINT32;
      case UINT64 -> ai.djl.ndarray.types.DataType.UINT64;
      case INT8 -> ai.djl.ndarray.types.DataType.INT8;
      case INT16 -> ai.djl.ndarray.types.DataType.INT16;
      case INT32 -> ai.djl.ndarray.types.DataType.INT32;
      case INT64 -> ai.djl.ndarray.types.DataType.INT64;
      case BOOL -> ai.djl.ndarray.types.DataType.BOOLEAN;
      case COMPLEX64 -> ai.djl.ndarray.types.DataType.COMPLEX64;
      case STRING -> ai.djl.ndarray.types.DataType.STRING;
      case COMPLEX128, FLOAT8E4M3FN, FLOAT8E4M3FNUZ, FLOAT8E5M2, FLOAT8E5M2FNUZ, FLOAT8E8M0 ->
          throw unknown(type);
      case UINT4, INT4, UINT2, INT2, FLOAT4E2M1 -> throw unknown(type);
    };
  }

  private static ModelException unknown(DataType type) {
    return new ModelException("DJL has no element type " + type.label());
  }
}
