package dev.flopmeter.units;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;

/**
 * An amount of work, in floating-point operations; exact.
 *
 * <p>{@code Flops.of(8178368512L).per(seconds)} is a {@link FlopRate}; adding a rate to an amount
 * does not compile.
 */
public record Flops(BigDecimal value) implements Quantity {

  public Flops {
    if (value.signum() < 0) {
      throw new QuantityException(value + " is negative: not an amount of work");
    }
  }

  public static Flops of(long flops) {
    return new Flops(BigDecimal.valueOf(flops));
  }

  /** Two FLOPs for each multiply-accumulate. */
  public static Flops ofMacs(long macs) {
    return new Flops(BigDecimal.valueOf(macs).multiply(BigDecimal.valueOf(2)));
  }

  /**
   * Reads {@code 16.5G}, {@code 16.5 GFLOPs}, {@code 1e12}, {@code 4.09 GMACs}.
   *
   * @throws QuantityException if the text is something else, such as a rate
   */
  public static Flops parse(String text) {
    if (Quantity.parse(text) instanceof Flops flops) {
      return flops;
    }
    throw new QuantityException("'" + text + "' is a rate (FLOP/s), not an amount (FLOPs)");
  }

  /**
   * The whole number of operations.
   *
   * @throws ArithmeticException if this is no whole number
   */
  public BigInteger exact() {
    return value.toBigIntegerExact();
  }

  public Flops plus(Flops other) {
    return new Flops(value.add(other.value));
  }

  public Flops times(long factor) {
    return new Flops(value.multiply(BigDecimal.valueOf(factor)));
  }

  /** The rate at which this amount is done in a time, to 34 digits. */
  public FlopRate per(BigDecimal seconds) {
    if (seconds.signum() <= 0) {
      throw new QuantityException("a rate needs a positive time, not " + seconds);
    }
    return new FlopRate(value.divide(seconds, MathContext.DECIMAL128));
  }

  @Override
  public String unit() {
    return "FLOP";
  }

  /** Equal amounts are equal, however many zeros stand behind the point. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Flops that && value.compareTo(that.value) == 0;
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
