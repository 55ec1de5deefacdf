package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A convolution's weights and bias with the batch normalisation after it folded in, in float64:
 * {@code scale = gamma / sqrt(var + epsilon)}, {@code bias = (bias - mean) * scale + beta}.
 */
@SuppressWarnings("ArrayRecordComponent") // never changed
record FoldedWeights(
    @Nullable Tensor weights,
    @Nullable Tensor ownBias,
    @Nullable Tensor addedBias,
    double @Nullable [] scale,
    double @Nullable [] shift) {
  static FoldedWeights of(NodePlan node, @Nullable Tensor weights) {
    Tensor bias = node.has(2) ? node.operands().value(2).orElse(null) : null;
    Node norm = node.normalisation().orElse(null);
    if (norm == null) {
      return new FoldedWeights(weights, bias, node.addedBias(), null, null);
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
    return new FoldedWeights(weights, bias, node.addedBias(), scale, shift);
  }

  static double epsilon(Attributes attributes) {
    return attributes.number("epsilon", 1e-5f);
  }

  double weight(long index) {
    if (weights == null) {
      throw new IllegalStateException("these weights are not constant");
    }
    return weights.doubleAt(index);
  }

  double scale(long channel) {
    return scale == null ? 1 : scale[(int) channel];
  }

  boolean hasBias() {
    return ownBias != null || addedBias != null || shift != null;
  }

  double bias(long channel) {
    double bias = ownBias == null ? 0 : ownBias.doubleAt(channel);
    if (shift != null) {
      bias = bias * scale(channel) + shift[(int) channel];
    }
    return addedBias == null ? bias : bias + addedBias.doubleAt(channel);
  }
}
