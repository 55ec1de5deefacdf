package dev.flopmeter.units;

import java.math.BigDecimal;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An amount of floating-point work, or a rate of it; exact.
 *
 * @param value in FLOP or FLOP/s; not negative
 * @param isRate whether this is work per second
 */
public record Quantity(BigDecimal value, boolean isRate) {
  /** A number, a prefix, a unit. An E with no digits behind it is a prefix. */
  private static final Pattern PARTS =
      Pattern.compile("(?s)([0-9.+_-]*(?:[eE][+-]?[0-9]+)?)\\s*(.*?)\\s*((?:(?i:flop|mac).*)?)");

  /** More digits before the point than any quantity has; keeps what follows small. */
  private static final int MOST_DIGITS = 400;

  /**
   * Reads either: {@code 16.5G}, {@code 1e12} and {@code 16.5 GFLOPs} are amounts, {@code 4.1
   * TFLOP/s} and {@code 4.1 TFLOPS} rates. MACs are amounts of two FLOPs each.
   *
   * @throws QuantityException if the text is neither
   */
  public static Quantity parse(String text) {
    Matcher parts = PARTS.matcher(text.trim());
    SiPrefix prefix = parts.matches() ? SiPrefix.ofSymbol(parts.group(2)) : null;
    if (prefix == null || parts.group(2).equals("1")) {
      throw wrong(text);
    }
    BigDecimal value = prefix.out(number(text, parts.group(1)));
    return switch (parts.group(3)) {
      case "", "FLOP", "FLOPs", "flop", "flops", "Flops" -> new Quantity(value, false);
      case "MAC", "MACs", "mac", "macs" ->
          new Quantity(value.multiply(BigDecimal.valueOf(2)), false);
      case "FLOP/s", "FLOPs/s", "flop/s", "flops/s", "FLOPS" -> new Quantity(value, true);
      default -> throw wrong(text);
    };
  }

  private static BigDecimal number(String text, String digits) {
    try {
      BigDecimal number = new BigDecimal(digits.replace("_", ""));
      if (Math.abs((long) number.precision() - number.scale()) > MOST_DIGITS) {
        throw new QuantityException("'" + text + "' is out of range");
      }
      if (number.signum() < 0) {
        throw new QuantityException("'" + text + "' is negative");
      }
      return number;
    } catch (NumberFormatException e) {
      throw wrong(text);
    }
  }

  private static QuantityException wrong(String text) {
    return new QuantityException(
        "'"
            + text
            + "' is not an amount or rate; use a number with a prefix K M G T P E Z and FLOPs,"
            + " FLOP/s or MACs, such as 16.5G, 16.5 GFLOPs, 1e12 or 4.1 TFLOP/s");
  }

  /** {@code 16.5 GFLOP}, all digits, in this unit. */
  public String format(SiPrefix prefix) {
    String digits = Figures.plain(prefix.in(value));
    return digits + " " + prefix.symbol() + (isRate ? "FLOP/s" : "FLOP");
  }
}
