package dev.flopmeter.units;

import java.math.BigDecimal;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Units that are whole multiples of one base unit, by symbol. */
record UnitTable(Map<String, Long> units) {
  private static final Pattern NUMBER_AND_UNIT =
      Pattern.compile("(\\d{1,15}(?:\\.\\d{1,9})?)\\s*([A-Za-z]+)");

  /** Number times unit, rounded down to whole base units; at most 2^63 - 1. */
  long parse(String text) {
    Matcher parts = NUMBER_AND_UNIT.matcher(text.trim());
    Long unit = parts.matches() ? units.get(parts.group(2)) : null;
    if (unit == null) {
      throw new QuantityException("'" + text + "' is not a number with a unit");
    }
    return new BigDecimal(parts.group(1))
        .multiply(BigDecimal.valueOf(unit))
        .min(BigDecimal.valueOf(Long.MAX_VALUE))
        .longValue();
  }

  /** In the first of these units that needs no fraction, else in the last. */
  String text(long amount, String... largestFirst) {
    for (String name : largestFirst) {
      Long unit = units.get(name);
      if (unit != null && amount >= unit && amount % unit == 0) {
        return amount / unit + name;
      }
    }
    return amount + largestFirst[largestFirst.length - 1];
  }
}
