package dev.flopmeter.model.fold;

import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.fold.Folder.FoldRule;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Window functions and mel filter banks: constants that depend only on sizes. */
final class SignalFolds {
  private SignalFolds() {}

  static void addTo(Map<String, FoldRule> rules) {
    rules.put("HannWindow", (in, out) -> window(in, out.get(0), 0.5, 0.5, 0));
    rules.put("HammingWindow", (in, out) -> window(in, out.get(0), 25.0 / 46, 21.0 / 46, 0));
    rules.put("BlackmanWindow", (in, out) -> window(in, out.get(0), 0.42, 0.5, 0.08));
    rules.put("MelWeightMatrix", SignalFolds::melWeights);
  }

  /** {@code a0 - a1 cos(2 pi n / N) + a2 cos(4 pi n / N)}; N is one less if not periodic. */
  private static Optional<List<Tensor>> window(
      Operands in, TensorType type, double a0, double a1, double a2) {
    long size = type.elements();
    boolean periodic = in.attributes().flag("periodic", true);
    double step = 2 * Math.PI / Math.max(1, periodic ? size : size - 1);
    double[] values = new double[Math.toIntExact(size)];
    for (int n = 0; n < values.length; n++) {
      values[n] = a0 - a1 * Math.cos(step * n) + a2 * Math.cos(2 * step * n);
    }
    return Optional.of(List.of(DenseTensor.ofDoubles(type, values)));
  }

  /**
   * Triangular filters of equal width on the mel scale, computed in the order of ONNX's definition.
   */
  private static Optional<List<Tensor>> melWeights(Operands in, List<TensorType> out) {
    int bands = Math.toIntExact(in.requireValue(0).longAt(0));
    long length = in.requireValue(1).longAt(0);
    long rate = in.requireValue(2).longAt(0);
    double low = mel(in.requireValue(3).doubleAt(0));
    double step = (mel(in.requireValue(4).doubleAt(0)) - low) / (bands + 2);
    int[] edges = new int[bands + 2];
    for (int i = 0; i < edges.length; i++) {
      double hertz = 700 * (Math.pow(10, (low + step * i) / 2595) - 1);
      edges[i] = (int) Math.floor((length + 1) * hertz / rate);
    }
    double[] weights = new double[Math.toIntExact(out.get(0).elements())];
    for (int band = 0; band < bands; band++) {
      int from = edges[band];
      int peak = edges[band + 1];
      int to = edges[band + 2];
      for (int bin = from; bin < peak; bin++) {
        weights[bin * bands + band] = (double) (bin - from) / (peak - from);
      }
      weights[peak * bands + band] = 1;
      for (int bin = peak; bin < to; bin++) {
        weights[bin * bands + band] = (double) (to - bin) / (to - peak);
      }
    }
    return Optional.of(List.of(DenseTensor.ofDoubles(out.get(0), weights)));
  }

  private static double mel(double hertz) {
    return 2595 * Math.log10(1 + hertz / 700);
  }
}
