package dev.flopmeter.serve.page;

import dev.flopmeter.serve.worker.Outcome;
import java.util.Locale;

/** How something is, for its colour. */
enum Health {
  GOOD,
  /** At work just now. */
  BUSY,
  /** Nothing known yet, or nothing to do. */
  IDLE,
  WARNING,
  BAD;

  static Health of(Outcome outcome) {
    return outcome == Outcome.SUCCESS ? GOOD : outcome.isNeutral() ? IDLE : BAD;
  }

  String style() {
    return "h-" + name().toLowerCase(Locale.ROOT);
  }
}
