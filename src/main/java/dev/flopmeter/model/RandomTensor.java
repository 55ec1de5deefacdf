package dev.flopmeter.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Values drawn uniformly from {@code [low, high)} by a seeded generator: weights of built-in
 * networks, and inputs for measurements. The same seed gives the same values on every machine.
 * Integers and booleans are the floor of what was drawn.
 */
public record RandomTensor(TensorType type, long seed, double low, double high) implements Tensor {

  public RandomTensor {
    if (!(low <= high)) {
      throw new ModelException("random values need low <= high, not " + low + " and " + high);
    }
  }

  /**
   * Weights for a layer of {@code fanIn} inputs followed by a rectifier, spread so that activations
   * keep their variance (He et al. 2015, uniform form).
   */
  public static RandomTensor weights(TensorType type, long seed, long fanIn) {
    double bound = Math.sqrt(6.0 / Math.max(1, fanIn));
    return new RandomTensor(type, seed, -bound, bound);
  }

  @Override
  public ByteBuffer data() {
    ByteBuffer data = Elements.allocate(type);
    int count = Elements.count(type);
    if (type.type() == DataType.FLOAT) {
      for (int i = 0; i < count; i++) {
        data.putFloat(4 * i, (float) drawn(i));
      }
    } else {
      for (int i = 0; i < count; i++) {
        put(data, i, drawn(i));
      }
    }
    return data.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  private void put(ByteBuffer data, int index, double value) {
    Elements.putDouble(data, type.type(), index, type.type().isFloat() ? value : Math.floor(value));
  }

  /** A single element, equal to that of {@link #data}. */
  private ByteBuffer element(long index) {
    ByteBuffer one = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    put(one, 0, drawn(index));
    return one;
  }

  @Override
  public double doubleAt(long index) {
    return switch (type.type()) {
      case FLOAT -> (float) drawn(index);
      case DOUBLE -> drawn(index);
      default -> Elements.getDouble(element(index), type.type(), 0);
    };
  }

  /** SplitMix64 of seed and index, so that any element can be drawn independently. */
  private double drawn(long index) {
    long z = seed * 0xD1342543DE82EF95L + (index + 1) * 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    z ^= z >>> 31;
    double unit = (z >>> 11) * 0x1.0p-53;
    return low + unit * (high - low);
  }

  @Override
  public long longAt(long index) {
    return Elements.getLong(element(index), type.type(), 0);
  }

  @Override
  public Tensor reshaped(Shape shape) {
    return new RandomTensor(type.reshaped(shape), seed, low, high);
  }
}
