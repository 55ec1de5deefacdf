package dev.flopmeter.result;

import java.util.Locale;

/** What keeps a layer from being faster. */
public enum Bound {
  COMPUTE,
  MEMORY,
  /** The work is so small that even an empty step takes longer. */
  LAUNCH;

  /** The word in results and labels. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  @Override
  public String toString() {
    return label();
  }
}
