package dev.flopmeter.live;

import org.jspecify.annotations.Nullable;

/**
 * A device's peak rates, in the precision that its matrix units really use.
 *
 * @param basis their source: {@code datasheet}, or {@code measured} for the result of {@code
 *     flopmeter roof}
 * @param flopsPerSecond dense, never the sparse figure
 * @param bytesPerSecond of its memory; null if unknown
 */
public record DevicePeak(String basis, double flopsPerSecond, @Nullable Double bytesPerSecond) {
  public DevicePeak {
    if (basis.isBlank()) {
      throw new IllegalArgumentException("a peak needs a basis, such as datasheet or measured");
    }
    requirePositive("FLOP/s", flopsPerSecond);
    if (bytesPerSecond != null) {
      requirePositive("byte/s", bytesPerSecond);
    }
  }

  private static void requirePositive(String what, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException("a peak of " + value + " " + what + " is not valid");
    }
  }
}
