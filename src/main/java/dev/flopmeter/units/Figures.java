package dev.flopmeter.units;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Figures as people read them: three significant digits, SI prefixes, the same in every locale.
 *
 * <p>Every method takes base units (seconds, bytes, FLOP) and writes a narrow, plain text such as
 * {@code 8.18 G}, {@code 512 µs} or {@code 41 %}. A figure must be finite; the caller leaves out
 * absent ones.
 */
public final class Figures {
  private Figures() {}

  private static final String[] SMALL = {"s", "ms", "µs", "ns", "ps"};
  private static final MathContext ONE = new MathContext(1, RoundingMode.HALF_UP);
  private static final MathContext THREE = new MathContext(3, RoundingMode.HALF_UP);
  private static final MathContext FIVE = new MathContext(5, RoundingMode.HALF_UP);

  /** {@code 8178368512} as {@code 8.18 G}; without a unit. */
  public static String si(double value) {
    return si(BigDecimal.valueOf(checked(value)));
  }

  private static String si(BigDecimal value) {
    BigDecimal rounded = value.round(THREE);
    SiPrefix prefix = SiPrefix.fitting(rounded);
    return (plain(prefix.in(rounded)) + " " + prefix.symbol()).trim();
  }

  /** An exact amount, to three digits. */
  public static String si(long value) {
    if (value < 0) {
      return si(BigDecimal.valueOf(value));
    }
    // The same by integers, since the table of a network has a thousand of these.
    int dropped = 0;
    long unit = 1;
    while (value / unit >= 1000) {
      unit *= 10;
      dropped++;
    }
    long digits = value / unit + (value % unit * 2 >= unit ? 1 : 0);
    SiPrefix prefix = SiPrefix.fitting(dropped + (digits == 1000 ? 4 : 3));
    int decimals = prefix.exponent() - dropped;
    while (decimals > 0 && digits % 10 == 0) {
      digits /= 10;
      decimals--;
    }
    long one = decimals == 2 ? 100 : decimals == 1 ? 10 : 1;
    String fraction = decimals == 0 ? "" : "." + Long.toString(one + digits % one).substring(1);
    return digits / one + fraction + (prefix == SiPrefix.ONE ? "" : " " + prefix.symbol());
  }

  /** {@code 8178368512, "FLOP"} as {@code 8.18 GFLOP}; {@code 12, "B"} as {@code 12 B}. */
  public static String si(double value, String unit) {
    return withUnit(si(value), unit);
  }

  /** An exact amount, to three digits. */
  public static String si(long value, String unit) {
    return withUnit(si(value), unit);
  }

  private static String withUnit(String text, String unit) {
    return text.contains(" ") ? text + unit : text + " " + unit;
  }

  /** {@code 0.000512} as {@code 512 µs}; from a second on in seconds. */
  public static String seconds(double seconds) {
    return seconds(seconds, THREE);
  }

  private static String seconds(double seconds, MathContext digits) {
    BigDecimal rounded = BigDecimal.valueOf(checked(seconds)).round(digits);
    int unit = unit(rounded);
    return plain(rounded.movePointRight(3 * unit)) + " " + SMALL[unit];
  }

  private static int unit(BigDecimal seconds) {
    int unit = 0;
    while (unit < SMALL.length - 1
        && seconds.signum() != 0
        && seconds.abs().movePointRight(3 * unit).compareTo(BigDecimal.ONE) < 0) {
      unit++;
    }
    return unit;
  }

  /**
   * Two times in the unit of the second one with the decimals that the first one needs for so many
   * digits: {@code 0.998 ms to 1.020 ms}.
   */
  public static String seconds(double low, double high, int digits) {
    MathContext context = new MathContext(digits, RoundingMode.HALF_UP);
    if (low <= 0 || high > 100 * low) {
      return seconds(low, context) + " to " + seconds(high, context);
    }
    int unit = unit(BigDecimal.valueOf(checked(high)).round(context));
    BigDecimal first = BigDecimal.valueOf(checked(low)).movePointRight(3 * unit).round(context);
    int decimals = Math.max(0, digits - first.precision() + first.scale());
    BigDecimal last =
        BigDecimal.valueOf(high).movePointRight(3 * unit).setScale(decimals, RoundingMode.HALF_UP);
    int shown = Math.max(first.stripTrailingZeros().scale(), last.stripTrailingZeros().scale());
    return Stream.of(first, last)
        .map(value -> value.setScale(Math.max(0, shown), RoundingMode.HALF_UP).toPlainString())
        .collect(Collectors.joining(" " + SMALL[unit] + " to ", "", " " + SMALL[unit]));
  }

  /** {@code 102228128} as {@code 102 MB}. */
  public static String bytes(long bytes) {
    return si(bytes, "B");
  }

  /** {@code 5.2e13} as {@code 52 TFLOP/s}. */
  public static String flopRate(double flopsPerSecond) {
    return si(flopsPerSecond, "FLOP/s");
  }

  /** {@code 4.3e12} as {@code 4.3 TB/s}. */
  public static String byteRate(double bytesPerSecond) {
    return si(bytesPerSecond, "B/s");
  }

  /**
   * {@code 0.413} as {@code 41 %}, {@code 0.0413} as {@code 4.1 %}; two digits, more only over 100
   * %. What would round to nothing keeps one digit, {@code 0.00021} as {@code 0.02 %}, down to
   * {@code <0.001 %}.
   */
  public static String percent(double ratio) {
    BigDecimal value = BigDecimal.valueOf(checked(ratio)).movePointRight(2);
    BigDecimal size = value.abs();
    if (size.signum() > 0 && size.compareTo(BigDecimal.valueOf(0.05)) < 0) {
      return size.compareTo(BigDecimal.valueOf(0.001)) < 0
          ? (value.signum() < 0 ? ">-0.001 %" : "<0.001 %")
          : plain(value.round(ONE)) + " %";
    }
    int digits = size.compareTo(BigDecimal.valueOf(9.95)) >= 0 ? 0 : 1;
    return value.setScale(digits, RoundingMode.HALF_UP).toPlainString() + " %";
  }

  /** A relative change: {@code 0.042} as {@code +4.2 %}, {@code -0.12} as {@code -12 %}. */
  public static String change(double ratio) {
    return (ratio > 0 ? "+" : "") + percent(ratio);
  }

  /** {@code 3.14159} as {@code 3.14}, {@code 29876} as {@code 29,900}: three digits, no prefix. */
  public static String number(double value) {
    BigDecimal rounded = BigDecimal.valueOf(checked(value)).round(THREE);
    return rounded.abs().compareTo(BigDecimal.valueOf(1000)) < 0
            || rounded.abs().compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0
        ? plain(rounded)
        : exact(rounded.longValue());
  }

  /** Five digits for a program to compare, such as {@code 4.0892E+9}. */
  public static String sortable(double value) {
    return BigDecimal.valueOf(checked(value)).round(FIVE).stripTrailingZeros().toString();
  }

  /** {@code 4089184256} as {@code 4,089,184,256}. */
  public static String exact(long value) {
    String digits = Long.toString(value);
    int first = digits.startsWith("-") ? 1 : 0;
    StringBuilder text = new StringBuilder(digits);
    for (int i = digits.length() - 3; i > first; i -= 3) {
      text.insert(i, ',');
    }
    return text.toString();
  }

  private static double checked(double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException(value + " cannot be shown as a figure");
    }
    return value;
  }

  static String plain(BigDecimal value) {
    return value.signum() == 0 ? "0" : value.stripTrailingZeros().toPlainString();
  }
}
