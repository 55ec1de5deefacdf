package dev.flopmeter.measure;

import dev.flopmeter.count.Counter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.count.RunFacts;
import dev.flopmeter.model.Graph;
import dev.flopmeter.result.ProfileResult.Run;
import dev.flopmeter.run.RunOptions;
import java.time.Instant;
import java.util.List;

/**
 * What to profile.
 *
 * @param graph the network with its shapes bound
 * @param counts its cost under the default convention
 * @param batch inferences per pass
 * @param keepsRaw whether the result holds every sample
 * @param notes statements about the network for the result, one sentence each
 */
public record ProfileRequest(
    Graph graph,
    Counts counts,
    long batch,
    RunOptions options,
    SamplingRules rules,
    boolean keepsRaw,
    List<String> notes) {
  public ProfileRequest {
    notes = List.copyOf(notes);
  }

  Run run(String backend, Samples samples, Instant startedAt) {
    return new Run(
        backend,
        options.precision(),
        options.layout().label(),
        batch,
        options.fuse(),
        samples.passes().size(),
        samples.dropped(),
        samples.warmupRuns(),
        samples.stopReason().label(),
        startedAt,
        keepsRaw ? samples.passes() : null);
  }

  /** The same, counted in a run of the graph. */
  ProfileRequest asRun(RunFacts facts) {
    return new ProfileRequest(
        facts.in(graph),
        Counter.standard().count(counts.model(), graph, facts),
        batch,
        options,
        rules,
        keepsRaw,
        notes);
  }
}
