package dev.flopmeter.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A tensor of one repeated value, kept as that value. {@code value} is rank 0 or has one element.
 */
public record FilledTensor(TensorType type, Tensor value) implements Tensor {

  public FilledTensor {
    if (value.elements() != 1 || value.type().type() != type.type()) {
      throw new ModelException("a tensor " + type + " cannot be filled with a " + value.type());
    }
  }

  /** A tensor of {@code type} full of {@code value}, rounded to the type. */
  public static FilledTensor of(TensorType type, double value) {
    return new FilledTensor(
        type, DenseTensor.ofDoubles(new TensorType(type.type(), Shape.SCALAR), value));
  }

  /** Strings are never read, because no count needs them. */
  public static FilledTensor ofText(Shape shape) {
    Tensor text = DenseTensor.of(TensorType.of(DataType.STRING), ByteBuffer.allocate(0));
    return new FilledTensor(new TensorType(DataType.STRING, shape), text);
  }

  @Override
  public ByteBuffer data() {
    if (type.type().bits() % 8 != 0) {
      return Tensor.super.data();
    }
    ByteBuffer data = Elements.allocate(type);
    ByteBuffer one = value.data();
    while (data.hasRemaining()) {
      int done = data.position();
      data.put(done == 0 ? one : data.slice(0, Math.min(done, data.remaining())));
    }
    return data.rewind().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public double doubleAt(long index) {
    return value.doubleAt(0);
  }

  @Override
  public long longAt(long index) {
    return value.longAt(0);
  }

  @Override
  public Tensor reshaped(Shape shape) {
    return new FilledTensor(type.reshaped(shape), value);
  }
}
