package dev.flopmeter.model.fold;

import dev.flopmeter.model.Shape;

/** Maps flat indices of a broadcast result to flat indices of one operand. */
final class Broadcast {
  private final long[] outDims;
  private final long[] strides;

  private Broadcast(long[] outDims, long[] strides) {
    this.outDims = outDims;
    this.strides = strides;
  }

  static Broadcast of(Shape operand, Shape out) {
    long[] outDims = out.dims();
    long[] strides = new long[outDims.length];
    long stride = 1;
    for (int i = operand.rank() - 1; i >= 0; i--) {
      int at = i + outDims.length - operand.rank();
      strides[at] = operand.dim(i) == 1 ? 0 : stride;
      stride *= operand.dim(i);
    }
    return new Broadcast(outDims, strides);
  }

  long index(long flat) {
    long index = 0;
    long rest = flat;
    for (int i = outDims.length - 1; i >= 0; i--) {
      index += rest % outDims[i] * strides[i];
      rest /= outDims[i];
    }
    return index;
  }
}
