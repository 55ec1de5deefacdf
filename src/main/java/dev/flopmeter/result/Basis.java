package dev.flopmeter.result;

import dev.flopmeter.text.Labelled;

/** A source of a device's roof, the most trusted first. */
public enum Basis implements Labelled {
  DATASHEET,
  /** The highest rate measured on this device. */
  MEASURED,
  /** Derived from the clock during the run. */
  CLOCK_ADJUSTED;

  /** {@code Clock-adjusted}. */
  public String title() {
    return name().charAt(0) + label().substring(1).replace('_', '-');
  }

  @Override
  public String toString() {
    return label();
  }
}
