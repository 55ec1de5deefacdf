package dev.flopmeter.run.cudnn.plan;

/** How the dimensions of an image-like value are ordered in memory. */
public enum MemoryLayout {
  /** Row major, whatever the rank: NCHW. */
  PLAIN("nchw", 0),
  /** Channels innermost, rank 4 only: NHWC. */
  CHANNELS_LAST("nhwc", 1);

  private final String label;
  private final int code;

  MemoryLayout(String label, int code) {
    this.label = label;
    this.code = code;
  }

  public String label() {
    return label;
  }

  /** cuDNN's number of the tensor format. */
  public int code() {
    return code;
  }
}
