package dev.flopmeter.count;

import dev.flopmeter.model.Sizes;

/**
 * What an operator computes.
 *
 * @param macs multiply-accumulates
 * @param otherFlops floating-point operations that are not part of a MAC
 */
public record Work(long macs, long otherFlops) {
  public static final Work NONE = new Work(0, 0);

  public static Work macs(long macs) {
    return new Work(macs, 0);
  }

  public static Work flops(long flops) {
    return new Work(0, flops);
  }

  public Work plus(Work other) {
    return new Work(Sizes.add(macs, other.macs), Sizes.add(otherFlops, other.otherFlops));
  }

  /** {@code 2 macs + otherFlops}. */
  public long flops() {
    return Sizes.add(Sizes.multiply(2, macs), otherFlops);
  }
}
