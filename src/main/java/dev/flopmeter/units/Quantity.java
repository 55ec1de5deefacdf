package dev.flopmeter.units;

import java.math.BigDecimal;

/** An amount of floating-point work, or a rate of it; exact. */
public sealed interface Quantity permits Flops, FlopRate {
  /** In FLOP or FLOP/s. */
  BigDecimal value();

  /** {@code FLOP} or {@code FLOP/s}. */
  String unit();

  /** {@code 16.5 GFLOP}, all digits, in this unit. */
  default String format(SiPrefix prefix) {
    return plain(prefix.in(value())) + " " + prefix.symbol() + unit();
  }

  /** {@link #format} with the prefix that fits. */
  default String format() {
    return format(SiPrefix.fitting(value()));
  }

  /**
   * Reads either: {@code 16.5G}, {@code 1e12} and {@code 16.5 GFLOPs} are amounts, {@code 4.1
   * TFLOP/s} and {@code 4.1 TFLOPS} rates. MACs are amounts of two FLOPs each.
   *
   * @throws QuantityException if the text is neither
   */
  static Quantity parse(String text) {
    return QuantityText.read(text);
  }

  private static String plain(BigDecimal value) {
    return value.signum() == 0 ? "0" : value.stripTrailingZeros().toPlainString();
  }
}
