package dev.flopmeter.run.cudnn.plan;

import java.util.List;

/**
 * Pooling with symmetric padding and whole windows.
 *
 * @param own the same with our own kernel, for what cuDNN does not offer
 */
@SuppressWarnings("ArrayRecordComponent") // never changed
public record PoolingWork(
    TensorView x, TensorView y, Kind kind, long[] window, long[] pad, long[] stride, KernelWork own)
    implements GraphWork {
  /** What is taken of each window. */
  public enum Kind {
    MAX,
    AVERAGE_WITH_PADDING,
    AVERAGE
  }

  @Override
  public MemoryLayout layout() {
    return x.layout();
  }

  @Override
  public List<KernelWork> apart() {
    return List.of(own);
  }
}
