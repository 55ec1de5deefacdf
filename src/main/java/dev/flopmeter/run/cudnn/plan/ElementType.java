package dev.flopmeter.run.cudnn.plan;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.result.Precision;
import java.util.Optional;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * The type of an element on the device. Floating-point values have the plan's precision, doubles
 * their own where all that reads and writes them computes in it; integers and booleans, which only
 * index and select, are 64 bits wide; quantised values that a quantised product reads or writes
 * have 8 bits, and the sums of their products 32.
 */
public enum ElementType {
  F32(4, 0, DataType.FLOAT),
  F64(8, 1, DataType.DOUBLE),
  F16(2, 2, DataType.FLOAT16),
  BF16(2, 9, DataType.BFLOAT16),
  I64(8, 10, DataType.INT64),
  I32(4, 4, DataType.INT32),
  I8(1, 3, DataType.INT8),
  F8(1, 12, DataType.FLOAT8E4M3FN);

  private final int bytes;
  private final int code;
  private final DataType type;

  ElementType(int bytes, int code, DataType type) {
    this.bytes = bytes;
    this.code = code;
    this.type = type;
  }

  public static ElementType of(Precision precision) {
    return switch (precision) {
      case FP32, TF32 -> F32;
      case FP16, INT8, FP8 -> F16;
      case BF16 -> BF16;
    };
  }

  public int bytes() {
    return bytes;
  }

  /** cuDNN's number of the type, which our kernels use as well. */
  public int code() {
    return code;
  }

  public DataType type() {
    return type;
  }

  /** Whether it stores any float, in the plan's precision. */
  public boolean isFloat() {
    return this != I64 && this != I32 && !isNarrow();
  }

  /** Whether it stores quantised values. */
  public boolean isNarrow() {
    return this == I8 || this == F8;
  }

  /** The one whose elements are those of a type, if there is one. */
  public static Optional<ElementType> holding(DataType type) {
    return Stream.of(values()).filter(one -> one.type == type).findFirst();
  }

  /** The storage of quantised values of a type; nothing if no product is computed on them. */
  public static Optional<ElementType> narrow(DataType type) {
    return type == DataType.UINT8 ? Optional.of(I8) : holding(type).filter(ElementType::isNarrow);
  }

  /** The offset of values of a type: unsigned ones have to fit the signed range. */
  public long shift(DataType type) {
    return this == I8 && type == DataType.UINT8 ? 128 : 0;
  }

  /** The nearest value that is finite here: a mask of -1e9 must not become an infinity in fp16. */
  public double saturated(double value) {
    return this == F16 && Double.isFinite(value) ? Math.max(-65504, Math.min(65504, value)) : value;
  }

  /** Whether a tensor of doubles has a finite number beyond float's range. */
  public static boolean isBeyondFloat(Tensor tensor) {
    return tensor.type().type() == DataType.DOUBLE
        && LongStream.range(0, tensor.elements())
            .mapToDouble(tensor::doubleAt)
            .map(Math::abs)
            .anyMatch(size -> size > Float.MAX_VALUE && size < Double.MAX_VALUE);
  }
}
