package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.units.Durations;
import dev.flopmeter.units.QuantityException;
import java.time.Duration;

/** A span of time as a user writes it: {@code 500ms}, {@code 15s}, {@code 2m}. */
final class TimeSpan {
  private TimeSpan() {}

  /**
   * Reads a positive span.
   *
   * @throws ModelException if it is none; {@code option} is named
   */
  static Duration parse(String option, String text) {
    Duration span;
    try {
      span = Durations.parse(text);
    } catch (QuantityException e) {
      throw new ModelException(
          option + ": '" + text + "' is not a time; write a number and ms, s, m or h, such as 15s",
          e);
    }
    if (span.isZero()) {
      throw new ModelException(option + " must be positive, not " + text);
    }
    return span;
  }
}
