package dev.flopmeter.measure;

import java.util.List;
import java.util.Map;

/**
 * The measurements of one plan by {@link Sampler}, in seconds.
 *
 * @param firstRun the very first pass
 * @param warmupRuns undisturbed passes run to warm up, the first included
 * @param isWarm whether the last windows of the warm-up agreed
 * @param passes the undisturbed passes kept
 * @param steps one array per layer pass, one time per step in it
 * @param dropped passes left out, by reason
 */
record Samples(
    double firstRun,
    int warmupRuns,
    boolean isWarm,
    List<Double> passes,
    List<double[]> steps,
    Map<String, Integer> dropped,
    StopReason stopReason) {

  Samples {
    passes = List.copyOf(passes);
    steps = List.copyOf(steps);
    dropped = Map.copyOf(dropped);
  }

  /** The times of step {@code index} over all layer passes. */
  Distribution step(int index) {
    return Distribution.of(steps.stream().mapToDouble(pass -> pass[index]).toArray());
  }
}
