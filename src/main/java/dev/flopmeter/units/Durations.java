package dev.flopmeter.units;

import java.time.Duration;
import java.util.Map;

/** Spans of time as people write and read them: {@code 250ms}, {@code 1.5h}; {@code 12 min}. */
public final class Durations {
  private static final UnitTable NANOS =
      new UnitTable(
          Map.of(
              "ms", 1_000_000L,
              "s", 1_000_000_000L,
              "m", 60_000_000_000L,
              "h", 3_600_000_000_000L,
              "d", 86_400_000_000_000L));

  private Durations() {}

  /**
   * Reads {@code 250ms}, {@code 15s}, {@code 10m}, {@code 1.5h}, {@code 30d}; up to 292 years.
   *
   * @throws QuantityException if the text is not a span of time
   */
  public static Duration parse(String text) {
    return Duration.ofNanos(NANOS.parse(text));
  }

  /** As {@link #parse} reads it, in the largest unit that needs no fraction. */
  public static String text(Duration value) {
    return NANOS.text(value.toNanos(), "d", "h", "m", "s", "ms");
  }

  /** In one unit, down to seconds: {@code 95 s}, {@code 12 min}, {@code 5 h}, {@code 3 days}. */
  public static String coarse(Duration span) {
    long seconds = Math.max(0, span.toSeconds());
    if (seconds < 120) {
      return seconds + " s";
    }
    if (seconds < 2 * 3600) {
      return seconds / 60 + " min";
    }
    return seconds < 2 * 86400 ? seconds / 3600 + " h" : seconds / 86400 + " days";
  }
}
