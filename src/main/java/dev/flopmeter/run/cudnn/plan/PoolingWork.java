package dev.flopmeter.run.cudnn.plan;

/** Pooling with symmetric padding and whole windows. */
@SuppressWarnings("ArrayRecordComponent") // never changed
public record PoolingWork(
    TensorView x, TensorView y, Kind kind, int[] window, int[] pad, int[] stride) implements Work {
  /** With cuDNN's number of the mode. */
  public enum Kind {
    MAX(0),
    AVERAGE_WITH_PADDING(1),
    AVERAGE(2);

    private final int code;

    Kind(int code) {
      this.code = code;
    }

    public int code() {
      return code;
    }
  }

  @Override
  public <T> T match(Cases<T> cases) {
    return cases.pooling(this);
  }
}
