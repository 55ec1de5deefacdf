package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.equation.Value;
import dev.flopmeter.run.cudnn.operator.QuantizedValues.Source;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.fuse.Fused.Chain;
import java.util.List;
import java.util.Map;
import java.util.function.LongToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * A convolution, or a product by a matrix of weights, between DequantizeLinear nodes that 8-bit
 * values can compute. cuDNN has no such engines for depthwise convolutions.
 *
 * @param image of one scale
 * @param weightScale one number, or one per output channel
 * @param bias of integers; null if it has none, or one of floats, which is folded
 */
record QuantizedProduct(
    Source image, NarrowWeights weights, Tensor weightScale, @Nullable Source bias) {
  /** Of image and weights. */
  ElementType storage() {
    return ElementType.narrow(image.type()).orElseThrow();
  }

  /** Whether cuDNN's sums need no correction but one number for each channel. */
  boolean isCentred() {
    return storage() != ElementType.I8 || weights.isCentred();
  }

  /** What the equations ask of this product and of what follows its sums. */
  Map<String, Object> terms(NodePlan node) {
    Graph graph = node.builder().graph();
    long imageZero = image.storedZero();
    Object around = imageZero == 0 ? Value.NONE : (Object) (double) imageZero;
    Map<String, Object> terms =
        weights.terms(node, new Value(image.value(), -1), image.type(), around);
    terms.put("is_centred", isCentred());
    terms.put("zero", imageZero);
    Chain chain = node.chain();
    FoldedWeights folded = FoldedWeights.of(graph, chain);
    Source residual = node.builder().quantized().residual(chain).orElse(null);
    Operands last = chain.quantisation() == null ? null : Operands.of(graph, chain.quantisation());
    double step = last == null ? 1 : last.requireValue(1).doubleAt(0);
    double unit =
        residual != null ? residual.scale().doubleAt(0) : chain.residual() == null ? step : 1;
    double zero = last == null ? 0 : storedZero(last);
    boolean isDirect = unit == step && !node.isRectified();
    double shift = (isDirect ? zero : 0) - (residual == null ? 0 : residual.storedZero());
    TensorView scales =
        node.constant(
            "scale", weights.outputs(), ElementType.F32, k -> scale(k) * folded.scale(k) / unit);
    terms.put("scaling", List.of(scales, unit / step, isDirect ? 0 : zero));
    boolean isCorrected = isCentred() && imageZero != 0;
    LongToDoubleFunction own = own(graph);
    LongToDoubleFunction biases =
        k -> {
          double correction = isCorrected ? -imageZero * weights.sum(k) * scale(k) : 0;
          return ((own.applyAsDouble(k) + correction) * folded.scale(k) + folded.bias(k, 1)) / unit
              + shift;
        };
    boolean hasBias =
        bias != null || FoldedWeights.hasBias(graph, chain) || isCorrected || shift != 0;
    terms.put(
        "bias",
        hasBias ? node.constant("bias", weights.outputs(), ElementType.F32, biases) : Value.NONE);
    return terms;
  }

  /** What a bias of integers adds. */
  private LongToDoubleFunction own(Graph graph) {
    if (bias == null) {
      return k -> 0;
    }
    Tensor integers = graph.constant(bias.value()).orElseThrow();
    Tensor scale = bias.scale();
    return k -> integers.doubleAt(k) * at(scale, k);
  }

  private static double storedZero(Operands quantisation) {
    double zero = quantisation.has(2) ? quantisation.requireValue(2).doubleAt(0) : 0;
    return zero - ElementType.I8.shift(quantisation.output(0).type());
  }

  /** What a sum of integer products is multiplied by. */
  private double scale(long channel) {
    return image.scale().doubleAt(0) * at(weightScale, channel);
  }

  private static double at(Tensor scale, long channel) {
    return scale.doubleAt(scale.elements() == 1 ? 0 : channel);
  }
}
