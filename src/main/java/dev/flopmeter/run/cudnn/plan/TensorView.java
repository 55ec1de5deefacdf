package dev.flopmeter.run.cudnn.plan;

import dev.flopmeter.model.Shape;
import java.util.Arrays;

/**
 * Where a value lies: from which element of its block on, with which strides (in elements, 0 where
 * a dimension repeats).
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

  public long stride(int axis) {
    return strides[axis];
  }

  public long elements() {
    return shape.elements();
  }

  public long byteOffset() {
    return offset * storage.bytes();
  }

  /** Whether the elements lie packed in this format; dimensions of 1 may have any stride. */
  public boolean is(MemoryLayout format) {
    if (format == MemoryLayout.CHANNELS_LAST && rank() != 4) {
      return false;
    }
    long[] packed = strides(shape, format);
    for (int i = 0; i < packed.length; i++) {
      if (shape.dim(i) != 1 && strides[i] != packed[i]) {
        return false;
      }
    }
    return true;
  }

  /** In which format it is packed: row major where it could be either, or neither. */
  public MemoryLayout layout() {
    return !is(MemoryLayout.PLAIN) && is(MemoryLayout.CHANNELS_LAST)
        ? MemoryLayout.CHANNELS_LAST
        : MemoryLayout.PLAIN;
  }

  /** Whether each element lies where the other has it; axes of 1 may differ in their strides. */
  public boolean isSamePlace(TensorView other) {
    boolean isSame =
        block == other.block
            && offset == other.offset
            && storage == other.storage
            && shape.equals(other.shape);
    for (int i = 0; isSame && i < strides.length; i++) {
      isSame = shape.dim(i) == 1 || strides[i] == other.strides[i];
    }
    return isSame;
  }

  /** The same packed elements under another shape. */
  public TensorView reshaped(Shape other) {
    if (!is(MemoryLayout.PLAIN) || other.elements() != elements()) {
      throw new IllegalStateException("cannot see " + this + " as " + other);
    }
    return new TensorView(block, offset, storage, other, strides(other, MemoryLayout.PLAIN));
  }

  /** The same elements with strides and shape given by the caller, who knows that they fit. */
  public TensorView as(Shape other, long... otherStrides) {
    return new TensorView(block, offset, storage, other, otherStrides);
  }

  public TensorView movedBy(long elements) {
    return new TensorView(block, offset + elements, storage, shape, strides);
  }

  /** Axis {@code i} of the result is axis {@code order[i]} of this. */
  public TensorView permuted(int... order) {
    long[] dims = new long[order.length];
    long[] moved = new long[order.length];
    for (int i = 0; i < order.length; i++) {
      dims[i] = shape.dim(order[i]);
      moved[i] = strides[order[i]];
    }
    return new TensorView(block, offset, storage, Shape.of(dims), moved);
  }

  /** The part of {@code length} elements from {@code start} on along one axis. */
  public TensorView part(int axis, long start, long length) {
    return new TensorView(
        block, offset + start * strides[axis], storage, shape.with(axis, length), strides);
  }

  /** This repeated to {@code target} by NumPy's rule, with strides of 0 where it repeats. */
  public TensorView broadcastTo(Shape target) {
    long[] repeated = new long[target.rank()];
    int lead = target.rank() - rank();
    for (int i = 0; i < rank(); i++) {
      if (shape.dim(i) != 1 && shape.dim(i) != target.dim(lead + i)) {
        throw new dev.flopmeter.model.ModelException(
            "the shape " + shape + " does not repeat to " + target);
      }
      repeated[lead + i] = shape.dim(i) == 1 && target.dim(lead + i) != 1 ? 0 : strides[i];
    }
    return new TensorView(block, offset, storage, target, repeated);
  }

  /** This with axes of 1 put in front up to {@code rank}. */
  public TensorView ofRank(int rank) {
    int lead = rank - rank();
    long[] dims = new long[rank];
    long[] led = new long[rank];
    for (int i = 0; i < rank; i++) {
      dims[i] = i < lead ? 1 : shape.dim(i - lead);
      led[i] = i < lead ? 0 : strides[i - lead];
    }
    return new TensorView(block, offset, storage, Shape.of(dims), led);
  }

  @Override
  public String toString() {
    return block.name() + "+" + offset + " " + shape + " by " + Arrays.toString(strides);
  }
}
