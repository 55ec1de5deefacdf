package dev.flopmeter.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.IntToDoubleFunction;

/** A tensor in memory: packed, little endian, row major. */
public final class DenseTensor implements Tensor {
  private final TensorType type;
  private final ByteBuffer data;

  private DenseTensor(TensorType type, ByteBuffer data) {
    this.type = type;
    this.data = data;
  }

  /**
   * A tensor over {@code data}'s remaining bytes, which are not copied and must not change.
   *
   * @throws ModelException if their number is not what the type needs
   */
  public static DenseTensor of(TensorType type, ByteBuffer data) {
    if (data.remaining() != type.bytes()) {
      throw new ModelException(
          "a tensor %s takes %s bytes, but has %s".formatted(type, type.bytes(), data.remaining()));
    }
    return new DenseTensor(type, data.slice().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN));
  }

  /** A tensor of {@code type} with the given values, rounded to the type. */
  public static DenseTensor ofDoubles(TensorType type, double... values) {
    ByteBuffer data = Elements.allocate(type);
    requireCount(type, values.length);
    for (int i = 0; i < values.length; i++) {
      Elements.putDouble(data, type.type(), i, values[i]);
    }
    return of(type, data);
  }

  public static DenseTensor ofLongs(TensorType type, long... values) {
    ByteBuffer data = Elements.allocate(type);
    requireCount(type, values.length);
    for (int i = 0; i < values.length; i++) {
      Elements.putLong(data, type.type(), i, values[i]);
    }
    return of(type, data);
  }

  public static DenseTensor ofLongs(Shape shape, long... values) {
    return ofLongs(new TensorType(DataType.INT64, shape), values);
  }

  public static DenseTensor ofFloats(Shape shape, float... values) {
    TensorType type = new TensorType(DataType.FLOAT, shape);
    requireCount(type, values.length);
    ByteBuffer data = Elements.allocate(type);
    data.asFloatBuffer().put(values);
    return of(type, data);
  }

  /** A float32 tensor whose element {@code i} is {@code each(i)}. */
  public static DenseTensor ofFloats(Shape shape, IntToDoubleFunction each) {
    float[] values = new float[Elements.count(new TensorType(DataType.FLOAT, shape))];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) each.applyAsDouble(i);
    }
    return ofFloats(shape, values);
  }

  private static void requireCount(TensorType type, long count) {
    if (type.elements() != count) {
      throw new ModelException("a tensor " + type + " cannot hold " + count + " values");
    }
  }

  @Override
  public TensorType type() {
    return type;
  }

  @Override
  public ByteBuffer data() {
    return data.duplicate().order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public double doubleAt(long index) {
    return Elements.getDouble(data, type.type(), inside(index));
  }

  @Override
  public long longAt(long index) {
    return Elements.getLong(data, type.type(), inside(index));
  }

  /** Empty tensors reach rules that read the first element of a scalar. */
  private long inside(long index) {
    if (index < 0 || index >= type.elements()) {
      throw new ModelException("a tensor " + type + " has no element " + index);
    }
    return index;
  }

  @Override
  public Tensor reshaped(Shape shape) {
    requireCount(type.withShape(shape), type.elements());
    return new DenseTensor(type.withShape(shape), data);
  }

  @Override
  public String toString() {
    return "tensor " + type;
  }
}
