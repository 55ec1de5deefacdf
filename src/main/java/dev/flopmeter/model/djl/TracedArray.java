package dev.flopmeter.model.djl;

import ai.djl.ndarray.internal.NDArrayEx;
import dev.flopmeter.model.TensorType;

/** The array that a traced block sees. */
final class TracedArray extends ReducedArray {
  TracedArray(Trace trace, String value, TensorType type) {
    super(trace, value, type);
  }

  @Override
  TracedArray self() {
    return this;
  }

  @Override
  public NDArrayEx getNDArrayInternal() {
    return new TracedLayers(this);
  }
}
