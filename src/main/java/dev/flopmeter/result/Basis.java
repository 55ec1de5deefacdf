package dev.flopmeter.result;

import java.util.Locale;

/** A way to know a device's roof, the most trusted first. */
public enum Basis {
  DATASHEET,
  /** The largest rate found on this device. */
  MEASURED,
  /** Derived from the clock that the device ran at. */
  CLOCK_ADJUSTED;

  /** The word in results and labels. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** {@code Clock-adjusted}. */
  public String title() {
    return name().charAt(0) + label().substring(1).replace('_', '-');
  }

  @Override
  public String toString() {
    return label();
  }
}
