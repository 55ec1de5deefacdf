package dev.flopmeter.serve;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.LongSupplier;

/** Allows a number of requests in any minute. Thread-safe. */
final class RateLimit {
  private static final long MINUTE = Duration.ofMinutes(1).toNanos();

  private final int most;
  private final LongSupplier nanos;
  private final Deque<Long> taken = new ArrayDeque<>();

  RateLimit(int most, LongSupplier nanos) {
    this.most = most;
    this.nanos = nanos;
  }

  /** Registers a request; returns the seconds to wait if it is not allowed, otherwise 0. */
  synchronized long take() {
    long now = nanos.getAsLong();
    taken.removeIf(at -> now - at >= MINUTE);
    if (taken.size() == most) {
      return Duration.ofNanos(taken.getFirst() + MINUTE - now).toSeconds() + 1;
    }
    taken.addLast(now);
    return 0;
  }
}
