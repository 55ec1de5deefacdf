package dev.flopmeter.count;

import dev.flopmeter.model.DataType;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * The analytic cost of a network, layer by layer.
 *
 * @param convention the name of the convention that {@code flops} follows
 * @param totals the sums; parameters that layers share are in it once
 * @param work flopmeter's own count of the whole under every convention
 * @param activations elements of the first outputs of all nodes that have multiply-accumulates: the
 *     activations of Radosavovic et al., "Designing Network Design Spaces" (2020), which fvcore and
 *     timm publish
 * @param peakActivationBytes the most that activations take at once when nodes run one after the
 *     other and each buffer is freed after its last use
 * @param bytesByType the bytes of {@code totals} by element type
 * @param notes what a reader should know of how these numbers came about, one sentence each
 * @param approximations those of the notes that say that a number depends on data and may be wrong
 * @param layers one entry per node, in order
 */
public record Counts(
    ModelInfo model,
    String convention,
    Cost totals,
    Work work,
    long activations,
    long peakActivationBytes,
    Map<DataType, BytesMoved> bytesByType,
    List<Uncounted> uncounted,
    List<String> notes,
    List<String> approximations,
    List<LayerCost> layers) {
  public Counts {
    bytesByType = Map.copyOf(bytesByType);
    uncounted = List.copyOf(uncounted);
    notes = List.copyOf(notes);
    approximations = List.copyOf(approximations);
    layers = List.copyOf(layers);
  }

  /**
   * Multiply-accumulates that depend on data and hold for the run that was counted; null if nothing
   * of the count depends on a run.
   */
  public @Nullable Long asRunMacs() {
    Long macs = null;
    for (LayerCost layer : layers) {
      if (layer.isAsRun()) {
        macs = layer.cost().macs() + (macs == null ? 0 : macs);
      }
    }
    return macs;
  }

  /** FLOP per byte of compulsory traffic; nothing if no byte moves. */
  public OptionalDouble intensity() {
    long bytes = totals.bytes();
    return bytes == 0
        ? OptionalDouble.empty()
        : OptionalDouble.of((double) work.flops() / (double) bytes);
  }
}
