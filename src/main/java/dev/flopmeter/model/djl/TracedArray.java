package dev.flopmeter.model.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.internal.NDArrayEx;
import dev.flopmeter.model.TensorType;

/** An array of a trace; a traced block sees it through {@link TracedCalls}. */
final class TracedArray extends ReducedArray {
  private final NDArray shown = TracedCalls.inFrontOf(this);

  TracedArray(Trace trace, String value, TensorType type) {
    super(trace, value, type);
  }

  @Override
  TracedArray self() {
    return this;
  }

  /** The array to give to DJL's code. */
  NDArray shown() {
    return shown;
  }

  @Override
  public NDArrayEx getNDArrayInternal() {
    return (NDArrayEx) shown;
  }
}
