package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Tensor;
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
  static FoldedWeights of(NodePlan node) {
    Tensor bias = node.in().value(2).orElse(null);
    Node norm = node.normalisation().orElse(null);
    if (norm == null) {
      return new FoldedWeights(bias, node.addedBias(), null, null);
    }
    Operands in = Operands.of(node.builder().graph(), norm);
    double epsilon = epsilon(norm.attributes());
    double[] scale = in.requireValue(1).toDoubles();
    double[] shift = in.requireValue(2).toDoubles();
    double[] mean = in.requireValue(3).toDoubles();
    double[] variance = in.requireValue(4).toDoubles();
    for (int i = 0; i < scale.length; i++) {
      scale[i] /= Math.sqrt(variance[i] + epsilon);
      shift[i] -= mean[i] * scale[i];
    }
    return new FoldedWeights(bias, node.addedBias(), scale, shift);
  }

  static double epsilon(Attributes attributes) {
    return attributes.number("epsilon", 1e-5f);
  }

  double scale(long channel) {
    return scale == null ? 1 : scale[(int) channel];
  }

  boolean hasBias() {
    return ownBias != null || addedBias != null || shift != null;
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
