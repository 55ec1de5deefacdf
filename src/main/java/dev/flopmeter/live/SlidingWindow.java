package dev.flopmeter.live;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * The difference of totals over the last while. Only readers do work for it: each reading is kept,
 * and compared with the newest one that is at least a window old (or the first one). With a reading
 * every 15 s, the difference covers the window and at most one interval more. If nothing ran in the
 * window, the last non-zero difference is kept; the counters show whether work continues.
 */
final class SlidingWindow {
  /** Readings closer than this part of a window count as one: a scrape reads several meters. */
  private static final int READINGS_PER_WINDOW = 60;

  private record Reading(long nanos, Totals.Snapshot totals) {}

  private final long windowNanos;
  private final LongSupplier clock;
  private final Supplier<Totals.Snapshot> source;
  private final List<Reading> readings = new ArrayList<>();
  private Totals.Snapshot last;

  SlidingWindow(long windowNanos, LongSupplier clock, Supplier<Totals.Snapshot> source) {
    this.windowNanos = windowNanos;
    this.clock = clock;
    this.source = source;
    Reading start = new Reading(clock.getAsLong(), source.get());
    readings.add(start);
    last = start.totals();
  }

  /** The amounts added in the window; empty before anything was. */
  synchronized Totals.Snapshot read() {
    long now = clock.getAsLong();
    long sinceLast = now - readings.get(readings.size() - 1).nanos();
    if (last.calls() > 0 && sinceLast < windowNanos / READINGS_PER_WINDOW) {
      return last;
    }
    Reading reading = new Reading(now, source.get());
    readings.add(reading);
    while (readings.size() > 2 && now - readings.get(1).nanos() >= windowNanos) {
      readings.remove(0);
    }
    Totals.Snapshot added = difference(reading.totals(), readings.get(0).totals());
    if (added.calls() > 0) {
      last = added;
    }
    return last;
  }

  private static Totals.Snapshot difference(Totals.Snapshot now, Totals.Snapshot then) {
    long[] durations = now.durations().clone();
    for (int i = 0; i < durations.length; i++) {
      durations[i] -= then.durations()[i];
    }
    return new Totals.Snapshot(
        now.inferences() - then.inferences(),
        now.busyNanos() - then.busyNanos(),
        now.shapedFlops() - then.shapedFlops(),
        now.shapedBytes() - then.shapedBytes(),
        now.calls() - then.calls(),
        durations);
  }
}
