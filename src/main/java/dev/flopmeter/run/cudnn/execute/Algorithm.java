package dev.flopmeter.run.cudnn.execute;

/**
 * A way to compute a convolution.
 *
 * @param code cuDNN's number of it
 * @param math the arithmetic to set with it
 * @param workspaceBytes what it needs
 * @param isFused whether bias and activation are in the same call
 */
record Algorithm(int code, int math, long workspaceBytes, boolean isFused) {
  private static final String[] FORWARD = {
    "IMPLICIT_GEMM",
    "IMPLICIT_PRECOMP_GEMM",
    "GEMM",
    "DIRECT",
    "FFT",
    "FFT_TILING",
    "WINOGRAD",
    "WINOGRAD_NONFUSED"
  };
  private static final String[] BACKWARD_DATA = {
    "ALGO_0", "ALGO_1", "FFT", "FFT_TILING", "WINOGRAD", "WINOGRAD_NONFUSED"
  };

  static String forwardName(int code) {
    return code < FORWARD.length ? FORWARD[code] : Integer.toString(code);
  }

  static String backwardName(int code) {
    return code < BACKWARD_DATA.length ? BACKWARD_DATA[code] : Integer.toString(code);
  }

  /** For the cache file. */
  String encode() {
    return code + " " + math + " " + workspaceBytes + " " + (isFused ? 1 : 0);
  }

  static Algorithm decode(String text) {
    String[] parts = text.split(" ", -1);
    return new Algorithm(
        Integer.parseInt(parts[0]),
        Integer.parseInt(parts[1]),
        Long.parseLong(parts[2]),
        parts[3].equals("1"));
  }
}
