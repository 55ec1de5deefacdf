package dev.flopmeter.model.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDArrayIndexer;
import ai.djl.ndarray.index.full.NDIndexFullPick;
import ai.djl.ndarray.index.full.NDIndexFullSlice;
import ai.djl.ndarray.index.full.NDIndexFullTake;

/** What {@code array.get(index)} reads: slices and entries taken along one axis. */
final class SliceIndexer extends NDArrayIndexer {
  private final Trace trace;

  SliceIndexer(Trace trace) {
    this.trace = trace;
  }

  @Override
  public NDArray get(NDArray array, NDIndexFullSlice slice) {
    return CallEquations.call(
            trace.manager().traced(array),
            "sliced",
            slice.getMin(),
            slice.getMax(),
            slice.getStep(),
            slice.getToSqueeze())
        .shown();
  }

  @Override
  public NDArray get(NDArray array, NDIndexFullTake take) {
    TracedArray from = trace.manager().traced(array);
    return CallEquations.call(from, "taken", take.getIndices(), take.getAxis()).shown();
  }

  @Override
  public NDArray get(NDArray array, NDIndexFullPick pick) {
    throw new UnsupportedOperationException("NDArray.get with an index that picks");
  }

  @Override
  public void set(NDArray array, NDIndexFullSlice slice, NDArray value) {
    throw new UnsupportedOperationException("NDArray.set");
  }

  @Override
  public void set(NDArray array, NDIndexFullSlice slice, Number value) {
    throw new UnsupportedOperationException("NDArray.set");
  }
}
