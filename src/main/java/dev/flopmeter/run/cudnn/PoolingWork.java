package dev.flopmeter.run.cudnn;

/** Pooling with symmetric padding and whole windows. */
@SuppressWarnings("ArrayRecordComponent") // never changed
record PoolingWork(View x, View y, Kind kind, int[] window, int[] pad, int[] stride)
    implements Work {
  /** With cuDNN's number of the mode. */
  enum Kind {
    MAX(0),
    AVERAGE_WITH_PADDING(1),
    AVERAGE(2);

    private final int code;

    Kind(int code) {
      this.code = code;
    }

    int code() {
      return code;
    }
  }
}
