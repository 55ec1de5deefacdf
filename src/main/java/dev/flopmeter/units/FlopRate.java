package dev.flopmeter.units;

import java.math.BigDecimal;
import java.math.MathContext;

/** A rate of work, in floating-point operations a second; exact. */
public record FlopRate(BigDecimal value) implements Quantity {

  public FlopRate {
    if (value.signum() < 0) {
      throw new QuantityException(value + " is negative: not a rate of work");
    }
  }

  public static FlopRate of(long flopsPerSecond) {
    return new FlopRate(BigDecimal.valueOf(flopsPerSecond));
  }

  /**
   * Reads {@code 4.1 TFLOP/s} and the trade's {@code 4.1 TFLOPS}.
   *
   * @throws QuantityException if the text is something else, such as an amount
   */
  public static FlopRate parse(String text) {
    if (Quantity.parse(text) instanceof FlopRate rate) {
      return rate;
    }
    throw new QuantityException("'" + text + "' is an amount (FLOPs), not a rate (FLOP/s)");
  }

  public FlopRate plus(FlopRate other) {
    return new FlopRate(value.add(other.value));
  }

  /** What is done in a time at this rate. */
  public Flops during(BigDecimal seconds) {
    return new Flops(value.multiply(seconds));
  }

  /** This rate as a share of another, to 34 digits. */
  public BigDecimal shareOf(FlopRate peak) {
    if (peak.value.signum() == 0) {
      throw new QuantityException("a share of 0 FLOP/s is undefined");
    }
    return value.divide(peak.value, MathContext.DECIMAL128);
  }

  @Override
  public String unit() {
    return "FLOP/s";
  }

  /** Equal rates are equal, however many zeros stand behind the point. */
  @Override
  public boolean equals(Object other) {
    return other instanceof FlopRate that && value.compareTo(that.value) == 0;
  }

  @Override
  public int hashCode() {
    return value.stripTrailingZeros().hashCode();
  }

  @Override
  public String toString() {
    return format();
  }
}
