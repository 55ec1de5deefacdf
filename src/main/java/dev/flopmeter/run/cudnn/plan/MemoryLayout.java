package dev.flopmeter.run.cudnn.plan;

/** How the dimensions of an image-like value are ordered in memory. */
public enum MemoryLayout {
  /** Row major, whatever the rank: NCHW. */
  PLAIN("nchw"),
  /** Channels innermost, rank 4 only: NHWC. */
  CHANNELS_LAST("nhwc");

  private final String label;

  MemoryLayout(String label) {
    this.label = label;
  }

  public String label() {
    return label;
  }
}
