package dev.flopmeter.measure;

/** The rule that ended sampling. */
public enum StopReason {
  /** Relative noise fell below the bound. */
  QUIET("noise below bound"),
  /** More samples no longer changed the noise. */
  SETTLED("noise settled"),
  /** The time limit was reached. */
  TIME_LIMIT("time limit"),
  /** A trace has no more samples. */
  TRACE_END("end of the trace");

  private final String label;

  StopReason(String label) {
    this.label = label;
  }

  /** Its words in the result. */
  public String label() {
    return label;
  }
}
