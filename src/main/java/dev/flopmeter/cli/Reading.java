package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.units.Durations;
import dev.flopmeter.units.QuantityException;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Parses a value of the command line. */
@FunctionalInterface
interface Reading<T> {
  /**
   * Parses one value.
   *
   * @throws ModelException if the text is not such a value; the message says what would be
   */
  T read(String text);

  /** The allowed values, or nothing if they cannot be listed. */
  default List<String> candidates() {
    return List.of();
  }

  /** A text that needs no reading. */
  record Text() implements Reading<String> {
    @Override
    public String read(String text) {
      return text;
    }
  }

  /** {@code true} or {@code false}: of an option without a value, whether it is given. */
  record Flag() implements Reading<Boolean> {
    @Override
    public Boolean read(String text) {
      return Boolean.valueOf(text);
    }
  }

  /** A whole number from {@code least} to {@code most}. */
  record WholeNumber(long least, long most) implements Reading<Long> {
    /** Any whole number. */
    WholeNumber() {
      this(Long.MIN_VALUE, Long.MAX_VALUE);
    }

    @Override
    public Long read(String text) {
      long number;
      try {
        number = Long.parseLong(text.trim());
      } catch (NumberFormatException e) {
        throw new ModelException("'" + text + "' is not a whole number of at most 2^63-1", e);
      }
      if (number < least) {
        throw new ModelException("must be at least " + least + ", not " + text);
      }
      if (number > most) {
        throw new ModelException("must be at most " + most + ", not " + text);
      }
      return number;
    }
  }

  /** A share below one: {@code 5%} or {@code 0.05}. */
  static double share(String text) {
    Matcher form = Pattern.compile("(\\d{1,3}(?:\\.\\d{1,6})?)\\s*(%?)").matcher(text.trim());
    double divisor = form.matches() && form.group(2).isEmpty() ? 1 : 100;
    double value = form.matches() ? Double.parseDouble(form.group(1)) / divisor : 1;
    if (value >= 1) {
      throw new ModelException("must be below 100%, for example 5% or 0.05, not '" + text + "'");
    }
    return value;
  }

  /** A positive span of time as a user writes it: {@code 500ms}, {@code 15s}, {@code 2m}. */
  static Duration timeSpan(String text) {
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
