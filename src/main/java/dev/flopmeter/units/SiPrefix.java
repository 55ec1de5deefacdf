package dev.flopmeter.units;

import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/** Powers of a thousand, from one to 10^21. */
public enum SiPrefix {
  ONE(0),
  K(3),
  M(6),
  G(9),
  T(12),
  P(15),
  E(18),
  Z(21);

  private final int exponent;

  SiPrefix(int exponent) {
    this.exponent = exponent;
  }

  /** {@code K}, {@code M}, ...; empty for one. */
  public String symbol() {
    return this == ONE ? "" : name();
  }

  /** {@code value} in this unit, exactly. */
  public BigDecimal in(BigDecimal value) {
    return value.movePointLeft(exponent);
  }

  /** {@code value} of this unit in units of one, exactly. */
  BigDecimal out(BigDecimal value) {
    return value.movePointRight(exponent);
  }

  int exponent() {
    return exponent;
  }

  /** The largest prefix under which {@code value} is at least 1; one for anything smaller. */
  static SiPrefix fitting(BigDecimal value) {
    return fitting(value.precision() - value.scale());
  }

  /** The same for a number of so many digits before its point. */
  static SiPrefix fitting(int digits) {
    SiPrefix fitting = ONE;
    for (SiPrefix prefix : values()) {
      fitting = digits > prefix.exponent ? prefix : fitting;
    }
    return fitting;
  }

  /** The prefix of this symbol, {@code 1} and a small {@code k} included; null if there is none. */
  public static @Nullable SiPrefix ofSymbol(String symbol) {
    for (SiPrefix prefix : values()) {
      if (prefix.symbol().equals(symbol)) {
        return prefix;
      }
    }
    return symbol.equals("1") ? ONE : symbol.equals("k") ? K : null;
  }
}
