package dev.flopmeter.serve.config;

import static dev.flopmeter.serve.config.ValueType.require;

import dev.flopmeter.units.Durations;
import dev.flopmeter.units.QuantityException;
import dev.flopmeter.units.Sizes;
import java.time.Duration;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Values with a unit: never a bare number whose unit one would have to look up. */
final class Quantities {
  private Quantities() {}

  private static final Pattern PERCENTAGE = Pattern.compile("(\\d{1,15}(?:\\.\\d{1,6})?)\\s*%");

  /** {@code 250ms}, {@code 15s}, {@code 10m}, {@code 1.5h}, {@code 30d}. */
  static ValueType<Duration> duration(String least, String most) {
    return new ValueType<>(
        "duration",
        text -> {
          String form = "expected a duration such as 15s, 10m or 30d";
          Duration value = parsed(Durations::parse, text, form);
          require(
              value.compareTo(Durations.parse(least)) >= 0
                  && value.compareTo(Durations.parse(most)) <= 0,
              "expected a duration from " + least + " to " + most);
          return value;
        });
  }

  private static <T> T parsed(Function<String, T> parser, String text, String form) {
    try {
      return parser.apply(text);
    } catch (QuantityException e) {
      throw new IllegalArgumentException(form, e);
    }
  }

  /** {@code 512MiB}, {@code 4GiB}, {@code 10MB}. */
  static ValueType<Long> size(String least, String most) {
    return new ValueType<>(
        "size",
        text -> {
          String form = "expected a size such as 512MiB or 4GiB";
          long bytes = parsed(Sizes::parse, text, form);
          require(
              bytes >= Sizes.parse(least) && bytes <= Sizes.parse(most),
              "expected a size from " + least + " to " + most);
          return bytes;
        });
  }

  /** {@code 10%} as 0.1. */
  static ValueType<Double> percent(double most) {
    return new ValueType<>(
        "percentage",
        text -> {
          String form = "expected a percentage from 0% to " + Math.round(most * 100) + "%";
          Matcher parts = PERCENTAGE.matcher(text);
          require(parts.matches(), form);
          double share = Double.parseDouble(parts.group(1)) / 100;
          require(share <= most, form);
          return share;
        });
  }
}
