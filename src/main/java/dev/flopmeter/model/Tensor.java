package dev.flopmeter.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A tensor whose values are known: a weight, a folded constant, an input or an output.
 *
 * <p>Values are kept in their original form (a slice of the mapped model file, one repeated value,
 * a seed) and become bytes only if a backend needs them, so that a network's weights are copied at
 * most once, onto the device.
 */
public sealed interface Tensor
    permits DenseTensor, FilledTensor, PackedTensor, RandomTensor, UnavailableTensor {

  TensorType type();

  /**
   * The packed elements, little endian, row major, read only, from position 0 to the limit.
   *
   * <p>Dense tensors return a view of their memory; the others create a new buffer at each call.
   *
   * @throws ModelException if they take more than 2^31-1 bytes
   */
  default ByteBuffer data() {
    ByteBuffer data = Elements.allocate(type());
    for (int i = 0; i < elements(); i++) {
      Elements.putDouble(data, type().type(), i, doubleAt(i));
    }
    return data.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Whether its values can be read; if not, reading them gives the reason. */
  default boolean isAvailable() {
    return true;
  }

  default Shape shape() {
    return type().shape();
  }

  default long elements() {
    return type().elements();
  }

  /**
   * Element {@code index} as a double (booleans as 0 and 1).
   *
   * @throws ModelException for types that are not numbers
   */
  double doubleAt(long index);

  /**
   * Element {@code index} as a long; floating-point values are truncated.
   *
   * @throws ModelException for types that are not numbers
   */
  default long longAt(long index) {
    return (long) doubleAt(index);
  }

  /** The same values under another shape with as many elements. */
  default Tensor reshaped(Shape shape) {
    return DenseTensor.of(type().reshaped(shape), data());
  }

  default long[] toLongs() {
    long[] values = new long[Elements.count(type())];
    for (int i = 0; i < values.length; i++) {
      values[i] = longAt(i);
    }
    return values;
  }

  default double[] toDoubles() {
    double[] values = new double[Elements.count(type())];
    Arrays.setAll(values, this::doubleAt);
    return values;
  }

  default float[] toFloats() {
    float[] values = new float[Elements.count(type())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) doubleAt(i);
    }
    return values;
  }

  /** A rank-1 int64 tensor. */
  static Tensor ofLongs(long... values) {
    return DenseTensor.ofLongs(Shape.of(values.length), values);
  }

  /** A rank-0 int64 tensor. */
  static Tensor ofLong(long value) {
    return DenseTensor.ofLongs(Shape.SCALAR, value);
  }

  static Tensor ofFloats(Shape shape, float... values) {
    return DenseTensor.ofFloats(shape, values);
  }
}
