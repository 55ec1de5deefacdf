package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.units.Durations;
import dev.flopmeter.units.QuantityException;
import java.time.Duration;

/** A positive span of time as a user writes it: {@code 500ms}, {@code 15s}, {@code 2m}. */
record TimeSpan() implements Argument.Reading<Duration> {
  @Override
  public Duration read(String text) {
    Duration span;
    try {
      span = Durations.parse(text);
    } catch (QuantityException e) {
      throw new ModelException(
          "must be a number with ms, s, m or h, for example 15s, not '" + text + "'", e);
    }
    if (span.isZero()) {
      throw new ModelException("must be positive, not " + text);
    }
    return span;
  }
}
