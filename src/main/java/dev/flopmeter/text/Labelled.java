package dev.flopmeter.text;

import java.util.Locale;

/** A constant whose word in results, labels and messages is its name in lower case. */
public interface Labelled {
  /** As the enum has it. */
  String name();

  default String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
