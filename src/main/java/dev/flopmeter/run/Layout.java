package dev.flopmeter.run;

/** The order of dimensions in memory. */
public enum Layout {
  /** Chosen per layer by measurement. */
  AUTO,
  NCHW,
  NHWC;

  public String label() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
