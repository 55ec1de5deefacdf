package dev.flopmeter.serve.worker;

import dev.flopmeter.serve.result.ResultLine;
import java.time.Duration;
import java.util.List;

/**
 * The end of a run.
 *
 * @param results those received, also before a failure
 * @param detail one line for the log: why it failed; empty for a success
 */
public record RunReport(
    Outcome outcome, Duration duration, List<ResultLine> results, String detail) {
  /** Of a run that has not begun, or of which nothing is known. */
  public static RunReport of(Outcome outcome, String detail) {
    return new RunReport(outcome, Duration.ZERO, List.of(), detail);
  }
}
