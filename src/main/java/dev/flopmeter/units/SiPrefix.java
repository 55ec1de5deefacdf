package dev.flopmeter.units;

import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/** Powers of a thousand, from one to 10^21. */
public enum SiPrefix {
  ONE("", 0),
  K("K", 3),
  M("M", 6),
  G("G", 9),
  T("T", 12),
  P("P", 15),
  E("E", 18),
  Z("Z", 21);

  private final String symbol;
  private final int exponent;

  SiPrefix(String symbol, int exponent) {
    this.symbol = symbol;
    this.exponent = exponent;
  }

  /** {@code K}, {@code M}, ...; empty for one. */
  public String symbol() {
    return symbol;
  }

  /** {@code value} in this unit, exactly. */
  public BigDecimal in(BigDecimal value) {
    return value.movePointLeft(exponent);
  }

  /** {@code value} of this unit in units of one, exactly. */
  BigDecimal out(BigDecimal value) {
    return value.movePointRight(exponent);
  }

  /** The largest prefix under which {@code value} is at least 1; one for anything smaller. */
  static SiPrefix fitting(BigDecimal value) {
    SiPrefix fitting = ONE;
    for (SiPrefix prefix : values()) {
      if (prefix.in(value.abs()).compareTo(BigDecimal.ONE) >= 0) {
        fitting = prefix;
      }
    }
    return fitting;
  }

  /** The prefix of this symbol, {@code 1} and a small {@code k} included; null if there is none. */
  public static @Nullable SiPrefix ofSymbol(String symbol) {
    if (symbol.equals("1") || symbol.isEmpty()) {
      return ONE;
    }
    for (SiPrefix prefix : values()) {
      if (prefix.symbol.equals(symbol) || (prefix == K && symbol.equals("k"))) {
        return prefix;
      }
    }
    return null;
  }
}
