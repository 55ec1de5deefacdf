package dev.flopmeter.serve.config;

import static dev.flopmeter.serve.config.ValueType.require;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Values with a unit: never a bare number whose unit one would have to look up. */
final class Quantities {
  private Quantities() {}

  private static final Pattern NUMBER_AND_UNIT =
      Pattern.compile("(\\d{1,15}(?:\\.\\d{1,6})?)\\s*([A-Za-z%]*)");

  private static final Map<String, Duration> TIMES =
      Map.of(
          "ms", Duration.ofMillis(1),
          "s", Duration.ofSeconds(1),
          "m", Duration.ofMinutes(1),
          "h", Duration.ofHours(1),
          "d", Duration.ofDays(1));

  private static final Map<String, Long> BYTES =
      Map.of(
          "B",
          1L,
          "kB",
          1_000L,
          "MB",
          1_000_000L,
          "GB",
          1_000_000_000L,
          "KiB",
          1L << 10,
          "MiB",
          1L << 20,
          "GiB",
          1L << 30,
          "TiB",
          1L << 40);

  /** {@code 250ms}, {@code 15s}, {@code 10m}, {@code 1.5h}, {@code 30d}. */
  static ValueType<Duration> duration(Duration least, Duration most) {
    return new ValueType<>(
        "duration",
        text -> {
          String form = "expected a duration such as 15s, 10m or 30d";
          Matcher parts = NUMBER_AND_UNIT.matcher(text);
          require(parts.matches() && TIMES.containsKey(parts.group(2)), form);
          Duration value = scaled(parts.group(1), TIMES.get(parts.group(2)), form);
          require(
              value.compareTo(least) >= 0 && value.compareTo(most) <= 0,
              "expected a duration from " + text(least) + " to " + text(most));
          return value;
        });
  }

  private static Duration scaled(String number, Duration unit, String form) {
    try {
      return Duration.ofNanos(
          new BigDecimal(number)
              .multiply(BigDecimal.valueOf(unit.toNanos()))
              .toBigInteger()
              .longValueExact());
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(form, e);
    }
  }

  /** {@code 512MiB}, {@code 4GiB}, {@code 10MB}. */
  static ValueType<Long> size(long least, long most) {
    return new ValueType<>(
        "size",
        text -> {
          String form = "expected a size such as 512MiB or 4GiB";
          Matcher parts = NUMBER_AND_UNIT.matcher(text);
          require(parts.matches() && BYTES.containsKey(parts.group(2)), form);
          BigDecimal bytes =
              new BigDecimal(parts.group(1))
                  .multiply(BigDecimal.valueOf(BYTES.get(parts.group(2))));
          require(
              bytes.compareTo(BigDecimal.valueOf(least)) >= 0
                  && bytes.compareTo(BigDecimal.valueOf(most)) <= 0,
              "expected a size from " + text(least) + " to " + text(most));
          return bytes.longValue();
        });
  }

  /** {@code 10%} as 0.1. */
  static ValueType<Double> percent(double most) {
    return new ValueType<>(
        "percentage",
        text -> {
          String form = "expected a percentage from 0% to " + Math.round(most * 100) + "%";
          Matcher parts = NUMBER_AND_UNIT.matcher(text);
          require(parts.matches() && parts.group(2).equals("%"), form);
          double share = Double.parseDouble(parts.group(1)) / 100;
          require(share <= most, form);
          return share;
        });
  }

  static String text(Duration value) {
    for (String unit : new String[] {"d", "h", "m", "s"}) {
      long nanos = TIMES.get(unit).toNanos();
      if (value.toNanos() >= nanos && value.toNanos() % nanos == 0) {
        return value.toNanos() / nanos + unit;
      }
    }
    return value.toMillis() + "ms";
  }

  static String text(long bytes) {
    for (String unit : new String[] {"TiB", "GiB", "MiB", "KiB"}) {
      long size = BYTES.get(unit);
      if (bytes >= size && bytes % size == 0) {
        return bytes / size + unit;
      }
    }
    return bytes + "B";
  }
}
