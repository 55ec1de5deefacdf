package dev.flopmeter.units;

import java.math.BigDecimal;

/**
 * An amount of floating-point work, or a rate of it; exact.
 *
 * @param value in FLOP or FLOP/s; not negative
 * @param isRate whether this is work per second
 */
public record Quantity(BigDecimal value, boolean isRate) {

  /**
   * Reads either: {@code 16.5G}, {@code 1e12} and {@code 16.5 GFLOPs} are amounts, {@code 4.1
   * TFLOP/s} and {@code 4.1 TFLOPS} rates. MACs are amounts of two FLOPs each.
   *
   * @throws QuantityException if the text is neither
   */
  public static Quantity parse(String text) {
    return QuantityText.read(text);
  }

  /** {@code 16.5 GFLOP}, all digits, in this unit. */
  public String format(SiPrefix prefix) {
    return plain(prefix.in(value)) + " " + prefix.symbol() + (isRate ? "FLOP/s" : "FLOP");
  }

  private static String plain(BigDecimal value) {
    return value.signum() == 0 ? "0" : value.stripTrailingZeros().toPlainString();
  }
}
