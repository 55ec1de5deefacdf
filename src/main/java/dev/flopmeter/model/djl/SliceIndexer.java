package dev.flopmeter.model.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDArrayIndexer;
import ai.djl.ndarray.index.full.NDIndexFullPick;
import ai.djl.ndarray.index.full.NDIndexFullSlice;
import ai.djl.ndarray.index.full.NDIndexFullTake;
import dev.flopmeter.model.Shape;
import java.util.Arrays;
import java.util.stream.IntStream;

/** What {@code array.get(index)} reads: slices and entries taken along one axis. */
final class SliceIndexer extends NDArrayIndexer {
  private final Trace trace;

  SliceIndexer(Trace trace) {
    this.trace = trace;
  }

  @Override
  public NDArray get(NDArray array, NDIndexFullSlice slice) {
    TracedArray traced = trace.manager().traced(array);
    Shape dims = traced.dims();
    long[] min = slice.getMin();
    long[] max = slice.getMax();
    long[] step = slice.getStep();
    int[] cut =
        IntStream.range(0, dims.rank())
            .filter(axis -> min[axis] != 0 || max[axis] != dims.dim(axis) || step[axis] != 1)
            .toArray();
    TracedArray part =
        cut.length == 0
            ? traced
            : traced.sliced(select(min, cut), select(max, cut), cut, select(step, cut));
    return part.squeezed(slice.getToSqueeze()).shown();
  }

  private static long[] select(long[] values, int[] axes) {
    return Arrays.stream(axes).mapToLong(axis -> values[axis]).toArray();
  }

  @Override
  public NDArray get(NDArray array, NDIndexFullTake take) {
    ManagerCalls manager = trace.manager();
    TracedArray indices = manager.traced(take.getIndices());
    return manager.traced(array).taken(indices, take.getAxis()).shown();
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
