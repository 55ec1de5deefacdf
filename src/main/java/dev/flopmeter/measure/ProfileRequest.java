package dev.flopmeter.measure;

import dev.flopmeter.count.Counts;
import dev.flopmeter.model.Graph;
import dev.flopmeter.run.RunOptions;

/**
 * What to profile.
 *
 * @param graph the network with its shapes bound
 * @param counts its cost under the default convention
 * @param batch inferences per pass
 * @param keepsRaw whether the result holds every sample
 */
public record ProfileRequest(
    Graph graph,
    Counts counts,
    long batch,
    RunOptions options,
    SamplingRules rules,
    boolean keepsRaw) {}
