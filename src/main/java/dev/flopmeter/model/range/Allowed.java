package dev.flopmeter.model.range;

import java.util.List;

/** The elements that a value may have. */
public sealed interface Allowed {

  /** Any number from {@code low} to {@code high}, both included. */
  record Range(long low, long high) implements Allowed {
    public Range {
      high = Math.max(low, high);
    }

    /** The intersection; this range if it is empty. */
    Range and(Range other) {
      long both = Math.max(low, other.low);
      return both <= Math.min(high, other.high)
          ? new Range(both, Math.min(high, other.high))
          : this;
    }
  }

  /** These elements in this order. */
  record Exactly(List<Long> values) implements Allowed {
    public Exactly {
      values = List.copyOf(values);
    }
  }
}
