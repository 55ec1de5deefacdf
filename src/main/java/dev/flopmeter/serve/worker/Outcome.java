package dev.flopmeter.serve.worker;

import dev.flopmeter.text.Labelled;

/** How a run ended; the {@code outcome} of {@code flopmeter_runs_total}. */
public enum Outcome implements Labelled {
  /** Every result was received. */
  SUCCESS,
  /** The worker refused: wrong model, options or operator (exit code 1, 2 or another small one). */
  FAILED,
  /** The device or its libraries failed (exit code 3). */
  DEVICE_FAILED,
  /** A signal ended it, as happens in native code. */
  CRASHED,
  /** It took longer than allowed and was ended. */
  TIMEOUT,
  /** It wrote a line that is neither an event nor a result. */
  GARBAGE,
  /** Its exit code was 0, but results are missing or the last line is incomplete. */
  TRUNCATED,
  /** It ran out of memory, the host's or the device's, or used more than allowed. */
  OUT_OF_MEMORY,
  /** It could not even be started. */
  NOT_STARTED,
  /** The device was busy, so nothing was run. */
  SKIPPED_BUSY,
  /** The daemon stopped or its configuration changed while it ran. */
  STOPPED;

  /** Whether it says nothing about the workload. */
  public boolean isNeutral() {
    return this == SKIPPED_BUSY || this == STOPPED;
  }

  /** Whether the device may be the cause, and not only the workload. */
  public boolean blamesDevice() {
    return this == DEVICE_FAILED || this == CRASHED || this == TIMEOUT;
  }
}
