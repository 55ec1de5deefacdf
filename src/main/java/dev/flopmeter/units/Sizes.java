package dev.flopmeter.units;

import java.util.Map;

/** Sizes in bytes as people write them: {@code 512MiB}, {@code 10MB}. */
public final class Sizes {
  private static final UnitTable BYTES =
      new UnitTable(
          Map.of(
              "B", 1L,
              "kB", 1_000L,
              "MB", 1_000_000L,
              "GB", 1_000_000_000L,
              "KiB", 1_024L,
              "MiB", 1_048_576L,
              "GiB", 1_073_741_824L,
              "TiB", 1_099_511_627_776L));

  private Sizes() {}

  /**
   * Reads a size; what is larger than 2^63 - 1 bytes is taken as that.
   *
   * @throws QuantityException if the text is not a size
   */
  public static long parse(String text) {
    return BYTES.parse(text);
  }
}
