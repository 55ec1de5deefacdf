package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.run.fuse.Fused.Chain;
import dev.flopmeter.run.fuse.Fused.Operand;
import org.jspecify.annotations.Nullable;

/**
 * What is fused to a convolution or product, per output channel: the bias and the batch
 * normalisation after it, folded in float64: {@code scale = gamma / sqrt(var + epsilon)}, {@code
 * bias = (bias - mean) * scale + beta}.
 */
@SuppressWarnings("ArrayRecordComponent") // never changed
record FoldedWeights(
    @Nullable Tensor ownBias,
    @Nullable Tensor addedBias,
    double @Nullable [] scale,
    double @Nullable [] shift) {
  static FoldedWeights of(Graph graph, Chain chain) {
    Operand addend = chain.bias();
    Tensor added = addend == null ? null : graph.constants().get(addend.value());
    Tensor bias = Operands.of(graph, chain.main()).value(2).orElse(null);
    Node norm = chain.normalisation();
    if (norm == null) {
      return new FoldedWeights(bias, added, null, null);
    }
    Operands in = Operands.of(graph, norm);
    double epsilon = norm.attributes().number("epsilon", 1e-5f);
    double[] scale = in.requireValue(1).toDoubles();
    double[] shift = in.requireValue(2).toDoubles();
    double[] mean = in.requireValue(3).toDoubles();
    double[] variance = in.requireValue(4).toDoubles();
    for (int i = 0; i < scale.length; i++) {
      scale[i] /= Math.sqrt(variance[i] + epsilon);
      shift[i] -= mean[i] * scale[i];
    }
    return new FoldedWeights(bias, added, scale, shift);
  }

  double scale(long channel) {
    return scale == null ? 1 : scale[(int) channel];
  }

  /** Whether there is a bias, without computing it. */
  static boolean hasBias(Graph graph, Chain chain) {
    return chain.bias() != null
        || chain.normalisation() != null
        || Operands.of(graph, chain.main()).value(2).isPresent();
  }

  /** With the node's own bias times a factor. */
  double bias(long channel, double factor) {
    double bias = factor * at(ownBias, channel);
    if (shift != null) {
      bias = bias * scale(channel) + shift[(int) channel];
    }
    return bias + at(addedBias, channel);
  }

  private static double at(@Nullable Tensor row, long channel) {
    return row == null ? 0 : row.doubleAt(row.elements() == 1 ? 0 : channel);
  }
}
