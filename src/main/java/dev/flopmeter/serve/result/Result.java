package dev.flopmeter.serve.result;

import dev.flopmeter.result.ProfileResult;
import java.time.Instant;

/**
 * A result with the series that it belongs to. As the daemon keeps it, it has its slowest layers
 * only; the whole JSON is in the history.
 */
public record Result(SeriesKey key, ProfileResult profile) {

  public static Result of(String workload, ProfileResult profile) {
    return new Result(SeriesKey.of(workload, profile), profile);
  }

  /** When the measurement began, by the worker's clock. */
  public Instant startedAt() {
    return profile.run().startedAt();
  }

  /** Median seconds of one pass over the batch. */
  public double median() {
    return profile.latency().median();
  }

  public boolean isValid() {
    return profile.valid();
  }

  /**
   * Without the times of single passes, which are published once, and with the slowest {@code most}
   * layers and one {@code other} for the rest.
   */
  public Result withTopLayers(int most) {
    ProfileResult shown = profile.withoutRaw();
    return new Result(key, shown.withLayers(TopLayers.of(profile.layers(), most)));
  }
}
