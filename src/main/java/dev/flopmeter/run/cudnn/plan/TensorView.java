package dev.flopmeter.run.cudnn.plan;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The location of a value: its first element in its block, and its strides (in elements, 0 if a
 * dimension repeats).
 */
@SuppressWarnings("ArrayRecordComponent") // never changed
public record TensorView(
    Buffer block, long offset, ElementType storage, Shape shape, long[] strides) {

  public static TensorView of(Buffer block, ElementType storage, Shape shape, MemoryLayout format) {
    return new TensorView(block, 0, storage, shape, strides(shape, format));
  }

  public static long[] strides(Shape shape, MemoryLayout format) {
    long[] strides = new long[shape.rank()];
    if (format == MemoryLayout.CHANNELS_LAST) {
      long n = shape.dim(1) * shape.dim(2) * shape.dim(3);
      return new long[] {n, 1, shape.dim(3) * shape.dim(1), shape.dim(1)};
    }
    long stride = 1;
    for (int i = strides.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= Math.max(1, shape.dim(i));
    }
    return strides;
  }

  public int rank() {
    return shape.rank();
  }

  public long dim(int axis) {
    return shape.dim(axis);
  }

  /** Of axis {@code axis}; negative axes count from the end. */
  public long stride(int axis) {
    return strides[shape.axis(axis)];
  }

  public long elements() {
    return shape.elements();
  }

  public long byteOffset() {
    return offset * storage.bytes();
  }

  /** Whether the elements are packed in this format; dimensions of 1 may have any stride. */
  public boolean is(MemoryLayout format) {
    return (format != MemoryLayout.CHANNELS_LAST || rank() == 4)
        && isStridden(strides(shape, format));
  }

  private boolean isStridden(long[] others) {
    return IntStream.range(0, rank())
        .allMatch(axis -> shape.dim(axis) == 1 || strides[axis] == others[axis]);
  }

  /** In which format it is packed: row major where it could be either, or neither. */
  public MemoryLayout layout() {
    return !is(MemoryLayout.PLAIN) && is(MemoryLayout.CHANNELS_LAST)
        ? MemoryLayout.CHANNELS_LAST
        : MemoryLayout.PLAIN;
  }

  /** Whether both have each element at the same place; axes of 1 may differ in their strides. */
  public boolean isSamePlace(TensorView other) {
    return block == other.block
        && offset == other.offset
        && storage == other.storage
        && shape.equals(other.shape)
        && isStridden(other.strides);
  }

  /** The same packed elements under another shape. */
  public TensorView reshaped(Shape other) {
    if (!is(MemoryLayout.PLAIN) || other.elements() != elements()) {
      throw new IllegalStateException("cannot see " + this + " as " + other);
    }
    return as(other, strides(other, MemoryLayout.PLAIN));
  }

  /** The same elements with strides and shape given by the caller, who ensures that they fit. */
  public TensorView as(Shape other, long... otherStrides) {
    return new TensorView(block, offset, storage, other, otherStrides);
  }

  public TensorView movedBy(long elements) {
    return new TensorView(block, offset + elements, storage, shape, strides);
  }

  /** Axis {@code i} of the result is axis {@code order[i]} of this. */
  public TensorView permuted(int... order) {
    return as(
        Shape.of(IntStream.of(order).mapToLong(shape::dim).toArray()),
        IntStream.of(order).mapToLong(axis -> strides[axis]).toArray());
  }

  /** The part of {@code length} elements from {@code start} on along one axis. */
  public TensorView part(int axis, long start, long length) {
    return new TensorView(
        block, offset + start * strides[axis], storage, shape.with(axis, length), strides);
  }

  /** This repeated to {@code target} by NumPy's rule, with strides of 0 if it repeats. */
  public TensorView broadcastTo(Shape target) {
    long[] repeated = new long[target.rank()];
    int lead = target.rank() - rank();
    for (int i = 0; i < rank(); i++) {
      if (shape.dim(i) != 1 && shape.dim(i) != target.dim(lead + i)) {
        throw new ModelException("the shape " + shape + " does not repeat to " + target);
      }
      repeated[lead + i] = shape.dim(i) == 1 && target.dim(lead + i) != 1 ? 0 : strides[i];
    }
    return as(target, repeated);
  }

  /** This with axes of 1 put in front up to {@code rank}. */
  public TensorView ofRank(int rank) {
    long[] dims = new long[rank];
    Arrays.fill(dims, 1);
    System.arraycopy(shape.dims(), 0, dims, rank - rank(), rank());
    return broadcastTo(Shape.of(dims));
  }

  @Override
  public String toString() {
    return block.name() + "+" + offset + " " + shape + " by " + Arrays.toString(strides);
  }
}
