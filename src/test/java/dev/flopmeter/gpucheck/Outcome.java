package dev.flopmeter.gpucheck;

import java.time.Duration;

/**
 * The outcome of one item of the check.
 *
 * @param item its name
 * @param state how it ended
 * @param took from its start to its end
 * @param detail why it failed or was left out; empty if it is done
 */
record Outcome(String item, State state, Duration took, String detail) {
  enum State {
    DONE,
    /** Its program failed, or its result is wrong. */
    FAILED,
    /** It was not started, or ran out of time. */
    LEFT_OUT
  }

  static Outcome leftOut(String item, String reason) {
    return new Outcome(item, State.LEFT_OUT, Duration.ZERO, reason);
  }
}
