package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A span of time as a user writes it: {@code 500ms}, {@code 15s}, {@code 2m}. */
final class TimeSpan {
  private static final Pattern FORM = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,6})?)(ms|s|m|h)");

  private TimeSpan() {}

  /**
   * Reads a positive span.
   *
   * @throws ModelException if it is none; {@code option} is named
   */
  static Duration parse(String option, String text) {
    Matcher matcher = FORM.matcher(text.trim());
    if (!matcher.matches()) {
      throw new ModelException(
          option + ": '" + text + "' is not a time; write a number and ms, s, m or h, such as 15s");
    }
    double unit =
        switch (matcher.group(2)) {
          case "ms" -> 1e6;
          case "s" -> 1e9;
          case "m" -> 60e9;
          default -> 3600e9;
        };
    long nanos = Math.round(Double.parseDouble(matcher.group(1)) * unit);
    if (nanos <= 0) {
      throw new ModelException(option + " must be longer than nothing, not " + text);
    }
    return Duration.ofNanos(nanos);
  }
}
