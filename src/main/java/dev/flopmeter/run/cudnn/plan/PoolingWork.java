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
  /** With cuDNN's number of the resample mode. */
  public enum Kind {
    MAX(3),
    AVERAGE_WITH_PADDING(2),
    AVERAGE(4);

    private final int code;

    Kind(int code) {
      this.code = code;
    }

    public int code() {
      return code;
    }
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
