package dev.flopmeter.count;

import java.util.List;

/**
 * The analytic cost of a network, layer by layer.
 *
 * @param convention the name of the convention that {@code flops} follows
 * @param totals the sums; parameters that layers share are in it once
 * @param peakActivationBytes the most that activations take at once when nodes run one after the
 *     other and each buffer is freed after its last use
 * @param layers one entry per node, in order
 */
public record Counts(
    ModelInfo model,
    String convention,
    Cost totals,
    long peakActivationBytes,
    List<Uncounted> uncounted,
    List<LayerCost> layers) {
  public Counts {
    uncounted = List.copyOf(uncounted);
    layers = List.copyOf(layers);
  }
}
