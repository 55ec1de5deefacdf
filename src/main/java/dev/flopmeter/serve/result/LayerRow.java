package dev.flopmeter.serve.result;

import org.jspecify.annotations.Nullable;

/**
 * A layer as metrics show it; null where it was not measured.
 *
 * @param seconds median time
 * @param flop work under the default convention
 * @param macs multiply-adds, for utilization
 */
public record LayerRow(
    String name,
    String op,
    double seconds,
    double flop,
    double macs,
    @Nullable Double rooflineEfficiency,
    @Nullable String bound,
    @Nullable String algorithm,
    @Nullable String layout) {}
