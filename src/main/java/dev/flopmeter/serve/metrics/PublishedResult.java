package dev.flopmeter.serve.metrics;

import dev.flopmeter.serve.result.Result;
import org.jspecify.annotations.Nullable;

/**
 * A result as it is shown.
 *
 * @param isRestored whether it was measured before the daemon started
 * @param baselineSeconds median latency of the valid results before it; null with too few
 */
public record PublishedResult(Result result, boolean isRestored, @Nullable Double baselineSeconds) {

  /** Latency over the baseline, minus 1; null without one. */
  public @Nullable Double regression() {
    return baselineSeconds == null ? null : result.median() / baselineSeconds - 1;
  }
}
