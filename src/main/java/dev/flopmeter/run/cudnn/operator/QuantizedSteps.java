package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.Window;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork.Scaling;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.TensorView;
import org.jspecify.annotations.Nullable;

/**
 * Convolutions and products of 8-bit values, in the layout that cuDNN's engines for them want. The
 * epilogue is in floats: {@code y = factor * activation(scale * sum + residual + bias)}, where
 * scale and bias are in steps of the residual if that is quantised, and of y if nothing is added.
 */
final class QuantizedSteps {
  private static final MemoryLayout FORMAT = MemoryLayout.CHANNELS_LAST;

  private QuantizedSteps() {}

  static void plan(NodePlan node, QuantizedProduct product) {
    if (product.weights().shape().rank() == 4) {
      convolution(node, product);
    } else {
      matrix(node, product);
    }
  }

  private static void convolution(NodePlan node, QuantizedProduct product) {
    Shape shape = product.weights().shape();
    Window window = Window.of(node.attributes(), node.shape(0), shape.slice(2, 4).dims());
    long channels = Math.max(shape.dim(1), QuantizedProduct.CHANNEL_MULTIPLE);
    TensorView x =
        Convolutions.isAsIs(window, shape.dim(1), channels)
            ? node.builder().narrow(product.image())
            : Convolutions.padded(
                node,
                node.builder().value(product.image()),
                window,
                FORMAT,
                channels,
                product.storage());
    TensorView weights =
        Convolutions.weights(
            node,
            product.storage(),
            shape,
            channels,
            FORMAT,
            (k, at) -> product.weights().doubleAt(at));
    QuantizedProduct.Residual quantized = node.quantizedResidual().orElse(null);
    String added = node.residual();
    TensorView residual =
        quantized != null
            ? node.builder().narrow(quantized.value())
            : added == null ? null : node.builder().formatted(added, FORMAT);
    double step = node.quantisationStep();
    double unit = quantized != null ? quantized.scale() : added == null ? step : 1;
    node.launch(
        new ConvolutionWork(
            false,
            x,
            weights,
            node.out(0, FORMAT),
            scaling(node, product, unit, unit / step),
            bias(node, product, unit),
            residual,
            node.isRectified(),
            Spatial.stencil(window, 1),
            FORMAT));
  }

  private static void matrix(NodePlan node, QuantizedProduct product) {
    Tensor stored = product.weights();
    TensorView x = node.builder().narrow(product.image());
    double step = node.quantisationStep();
    Products.byPixels(
        node,
        x,
        product.storage(),
        x.elements() / stored.shape().dim(1 - product.axis()),
        stored,
        product.axis() == 0,
        1,
        scaling(node, product, step, 1),
        bias(node, product, step));
  }

  private static Scaling scaling(
      NodePlan node, QuantizedProduct product, double unit, double factor) {
    FoldedWeights folded = FoldedWeights.of(node, null);
    TensorView scale =
        node.constant(
            "scale",
            product.outputs(),
            ElementType.F32,
            k -> product.scale(k) * folded.scale(k) / unit);
    return new Scaling(scale, factor);
  }

  private static @Nullable TensorView bias(NodePlan node, QuantizedProduct product, double unit) {
    FoldedWeights folded = FoldedWeights.of(node, null);
    return product.bias() == null && !folded.hasBias()
        ? null
        : node.constant(
            "bias",
            product.outputs(),
            ElementType.F32,
            k -> (product.bias(k) * folded.scale(k) + folded.bias(k)) / unit);
  }
}
