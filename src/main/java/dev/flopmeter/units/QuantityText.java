package dev.flopmeter.units;

import java.math.BigDecimal;

/** Reads a number, an optional prefix and an optional unit. */
final class QuantityText {
  private static final String EXPECTED =
      "; write a number with a prefix K M G T P E Z and FLOPs, FLOP/s or MACs, such as 16.5G,"
          + " 16.5 GFLOPs, 1e12 or 4.1 TFLOP/s";

  /** More digits before the point than any quantity has; keeps what follows small. */
  private static final int MOST_DIGITS = 400;

  private QuantityText() {}

  static Quantity read(String text) {
    String trimmed = text.trim();
    int end = numberEnd(trimmed);
    BigDecimal number = number(text, trimmed.substring(0, end));
    String unit = trimmed.substring(end).trim();
    int word = unitStart(unit);
    SiPrefix prefix = SiPrefix.ofSymbol(unit.substring(0, word).trim());
    if (prefix == null || unit.startsWith("1")) {
      throw wrong(text);
    }
    BigDecimal value = prefix.out(number);
    return switch (unit.substring(word)) {
      case "", "FLOP", "FLOPs", "flop", "flops", "Flops" -> new Quantity(value, false);
      case "MAC", "MACs", "mac", "macs" ->
          new Quantity(value.multiply(BigDecimal.valueOf(2)), false);
      case "FLOP/s", "FLOPs/s", "flop/s", "flops/s", "FLOPS" -> new Quantity(value, true);
      default -> throw wrong(text);
    };
  }

  /** The end of digits, a point and an exponent; an E with no digits behind it is a prefix. */
  private static int numberEnd(String text) {
    int i = 0;
    while (i < text.length() && (isDigit(text.charAt(i)) || ".+-_".indexOf(text.charAt(i)) >= 0)) {
      i++;
    }
    if (i < text.length() && (text.charAt(i) == 'e' || text.charAt(i) == 'E')) {
      int j = i + 1;
      if (j < text.length() && (text.charAt(j) == '+' || text.charAt(j) == '-')) {
        j++;
      }
      int digits = j;
      while (j < text.length() && isDigit(text.charAt(j))) {
        j++;
      }
      return j > digits ? j : i;
    }
    return i;
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private static int unitStart(String unit) {
    String lower = unit.toLowerCase(java.util.Locale.ROOT);
    int flop = lower.indexOf("flop");
    int mac = lower.indexOf("mac");
    return flop >= 0 ? flop : mac >= 0 ? mac : unit.length();
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
    return new QuantityException("'" + text + "' is not an amount or rate" + EXPECTED);
  }
}
