package dev.flopmeter.measure;

import dev.flopmeter.count.Counter;
import dev.flopmeter.count.LayerCost;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.quantize.SyntheticQuantization;
import dev.flopmeter.result.Precision;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The network that runs at a precision: as it is, or quantised for it.
 *
 * @param isSynthetic whether it was quantised here, so that it differs from its file
 * @param notes statements about it for the result, one sentence each
 */
public record QuantizedNetwork(Graph graph, boolean isSynthetic, List<String> notes) {
  /**
   * Rejects a network that cannot run at a precision, before anything is computed.
   *
   * @throws dev.flopmeter.model.ModelException as {@link #of}
   */
  public static void require(Graph graph, Precision precision) {
    precision
        .quantizedType()
        .filter(type -> !SyntheticQuantization.isQuantized(graph, type))
        .ifPresent(type -> SyntheticQuantization.of(graph, type));
  }

  /**
   * Quantises a network if the precision requires it.
   *
   * @param calibration computes the ranges of its values
   * @param seed of the random inputs that they are computed from
   * @throws dev.flopmeter.model.ModelException if nothing of it can be quantised, or if it is
   *     quantised to another type
   */
  public static QuantizedNetwork of(
      Graph graph, Precision precision, Reference calibration, long seed) {
    DataType type = precision.quantizedType().orElse(null);
    if (type == null) {
      return new QuantizedNetwork(graph, false, List.of());
    }
    if (SyntheticQuantization.isQuantized(graph, type)) {
      return new QuantizedNetwork(
          graph, false, List.of("the model is already quantised, and runs as it is"));
    }
    SyntheticQuantization quantization = SyntheticQuantization.of(graph, type);
    Graph ranges = quantization.ranges();
    Map<String, Tensor> found = calibration.outputs(ranges, RandomInputs.of(ranges, seed));
    Graph quantized = quantization.quantized(found);
    String note =
        String.format(
            Locale.ROOT,
            "quantised synthetically to %s (%.1f %% of the MACs, the rest in floats), ranges from"
                + " one run on the random inputs (%s): valid for speed, not for accuracy",
            precision.label(),
            100 * share(graph, quantization.nodes()),
            calibration.name());
    return new QuantizedNetwork(quantized, true, List.of(note));
  }

  /** The share of a network's MACs that these nodes have. */
  private static double share(Graph graph, List<String> nodes) {
    Set<String> chosen = new HashSet<>(nodes);
    double all = 0;
    double some = 0;
    for (LayerCost layer : Counter.standard().count(graph).layers()) {
      all += layer.cost().macs();
      some += chosen.contains(layer.name()) ? layer.cost().macs() : 0;
    }
    return some / all;
  }
}
