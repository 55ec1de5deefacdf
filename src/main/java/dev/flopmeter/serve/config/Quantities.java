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

  private static final Map<String, Long> NANOS =
      Map.of(
          "ms", 1_000_000L,
          "s", 1_000_000_000L,
          "m", 60_000_000_000L,
          "h", 3_600_000_000_000L,
          "d", 86_400_000_000_000L);

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
          require(parts.matches(), form);
          Duration value = Duration.ofNanos(amount(parts, NANOS, form).longValue());
          require(
              value.compareTo(least) >= 0 && value.compareTo(most) <= 0,
              "expected a duration from " + text(least) + " to " + text(most));
          return value;
        });
  }

  /** Number times unit; at most 2^63-1. */
  private static BigDecimal amount(Matcher parts, Map<String, Long> units, String form) {
    Long unit = units.get(parts.group(2));
    if (unit == null) {
      throw new IllegalArgumentException(form);
    }
    BigDecimal amount = new BigDecimal(parts.group(1)).multiply(BigDecimal.valueOf(unit));
    return amount.min(BigDecimal.valueOf(Long.MAX_VALUE));
  }

  /** {@code 512MiB}, {@code 4GiB}, {@code 10MB}. */
  static ValueType<Long> size(long least, long most) {
    return new ValueType<>(
        "size",
        text -> {
          String form = "expected a size such as 512MiB or 4GiB";
          Matcher parts = NUMBER_AND_UNIT.matcher(text);
          require(parts.matches(), form);
          BigDecimal bytes = amount(parts, BYTES, form);
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
    return text(value.toNanos(), NANOS, "d", "h", "m", "s", "ms");
  }

  static String text(long bytes) {
    return text(bytes, BYTES, "TiB", "GiB", "MiB", "KiB", "B");
  }

  /** In the largest unit that needs no fraction. */
  private static String text(long amount, Map<String, Long> units, String... largestFirst) {
    for (String name : largestFirst) {
      Long unit = units.get(name);
      if (unit != null && amount >= unit && amount % unit == 0) {
        return amount / unit + name;
      }
    }
    return amount + largestFirst[largestFirst.length - 1];
  }
}
