package dev.flopmeter.run.cudnn;

/** How the dimensions of an image-like value are ordered in memory. */
enum Format {
  /** Row major, whatever the rank: NCHW. */
  PLAIN("nchw", 0),
  /** Channels innermost, rank 4 only: NHWC. */
  CHANNELS_LAST("nhwc", 1);

  private final String label;
  private final int code;

  Format(String label, int code) {
    this.label = label;
    this.code = code;
  }

  String label() {
    return label;
  }

  /** cuDNN's number of the tensor format. */
  int code() {
    return code;
  }
}
