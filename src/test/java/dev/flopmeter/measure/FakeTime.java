package dev.flopmeter.measure;

import java.util.function.LongSupplier;

/** A clock that only advances when told how long something took. */
final class FakeTime implements LongSupplier {
  private double seconds;

  void advance(double by) {
    seconds += by;
  }

  double seconds() {
    return seconds;
  }

  @Override
  public long getAsLong() {
    return Math.round(seconds * 1e9);
  }
}
