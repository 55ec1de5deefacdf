package dev.flopmeter.measure;

/** The rule that ended sampling. */
public enum StopReason {
  /** Relative noise fell below the bound. */
  QUIET("noise below bound"),
  /** More samples no longer change the noise. */
  SETTLED("noise settled"),
  /** The wall limit came first. */
  TIME_LIMIT("time limit"),
  /** A trace holds no more. */
  TRACE_END("end of the trace");

  private final String label;

  StopReason(String label) {
    this.label = label;
  }

  /** The words in the result. */
  public String label() {
    return label;
  }
}
