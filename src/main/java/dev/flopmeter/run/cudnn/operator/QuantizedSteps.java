package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Window;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork.Scaling;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.Stencil;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Work;
import java.util.Arrays;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Convolutions and products of 8-bit values, in the layout that cuDNN's engines for them want. The
 * epilogue is in floats: {@code y = factor * activation(scale * sum + residual + bias) + zero},
 * where scale and bias are in steps of the residual if that is quantised, and of y if nothing is
 * added. The bias has the zero points of image and residual in it, and that of y where nothing
 * stands between.
 */
final class QuantizedSteps {
  private static final MemoryLayout FORMAT = MemoryLayout.CHANNELS_LAST;

  private QuantizedSteps() {}

  /**
   * What is multiplied.
   *
   * @param data a quantised value of the graph
   * @param around fills a place with the zero point of the data; null where it is 0
   */
  record Factors(String data, NarrowWeights weights, @Nullable Function<TensorView, Work> around) {}

  static void plan(NodePlan node, QuantizedProduct product) {
    long zero = product.imageZero();
    Factors factors =
        new Factors(
            product.image(),
            product.weights(),
            zero == 0 ? null : to -> CopyKernels.fill(to, (double) zero));
    Epilogue epilogue = Epilogue.of(node, product);
    Scaling scaling = epilogue.scaling();
    if (!product.isCentred()) {
      TensorView stored = node.constant("zero", 1, ElementType.I64, i -> zero);
      IntegerSums.corrected(node, factors, stored, 0, scaling.scale(), epilogue.bias());
      return;
    }
    QuantizedProduct.Residual quantized = node.quantizedResidual().orElse(null);
    String added = node.residual();
    TensorView residual =
        quantized != null
            ? node.builder().narrow(quantized.value(), FORMAT)
            : added == null ? null : node.builder().formatted(added, FORMAT);
    NarrowWeights weights = product.weights();
    TensorView y = node.out(0, weights.isMatrix() ? MemoryLayout.PLAIN : FORMAT);
    TensorView pixels =
        weights.isMatrix()
            ? Products.pixels(y, y.elements() / weights.outputs(), weights.outputs(), FORMAT)
            : y;
    node.launch(work(node, factors, weights.outputs(), pixels, scaling, epilogue.bias(), residual));
  }

  static long multiple(long channels) {
    long step = QuantizedProduct.CHANNEL_MULTIPLE;
    return (channels + step - 1) / step * step;
  }

  /**
   * The convolution, or the product as one of images of one pixel.
   *
   * @param width output channels: those of the weights, one whose weights are 1, and zeros
   */
  static ConvolutionWork work(
      NodePlan node,
      Factors factors,
      long width,
      TensorView y,
      @Nullable Scaling scaling,
      @Nullable TensorView bias,
      @Nullable TensorView residual) {
    NarrowWeights weights = factors.weights();
    long outputs = weights.outputs();
    DataType type = weights.values().type().type();
    ElementType storage = ElementType.narrow(type).orElseThrow();
    boolean isMatrix = weights.isMatrix();
    Shape shape =
        isMatrix
            ? Shape.of(width, weights.summed(), 1, 1)
            : weights.values().shape().with(0, width);
    TensorView first =
        isMatrix
            ? Products.pixels(
                node.builder().narrow(factors.data(), MemoryLayout.PLAIN),
                y.dim(0),
                shape.dim(1),
                FORMAT)
            : image(node, factors.data(), storage);
    Window window =
        Window.of(
            isMatrix ? Attributes.NONE : node.attributes(),
            first.shape(),
            shape.slice(2, 4).dims());
    boolean isPlain = Spatial.isPlainPadding(window);
    boolean isWritten =
        !isPlain
            || (factors.around() != null
                && !Arrays.equals(window.padBegin(), new long[window.axes()]));
    Function<TensorView, Work> filling =
        factors.around() != null ? factors.around() : to -> CopyKernels.fill(to, 0);
    int groups = isMatrix ? 1 : Math.toIntExact(node.attributes().integer("group", 1));
    long channels = multiple(shape.dim(1));
    TensorView x =
        isWritten || channels != shape.dim(1)
            ? Convolutions.padded(
                node, first, window, FORMAT, groups * channels, storage, isWritten ? filling : null)
            : isMatrix ? first : node.builder().narrow(factors.data(), FORMAT);
    TensorView filter =
        Convolutions.weights(
            node,
            storage,
            shape,
            channels,
            FORMAT,
            (k, i) -> k < outputs ? weights.stored(k, i) : k == outputs ? 1 : 0);
    Stencil stencil = Spatial.stencil(window, groups, isWritten);
    return new ConvolutionWork(
        false, x, filter, y, scaling, bias, residual, node.isRectified(), stencil, FORMAT);
  }

  /** An image that is to be copied: the copy converts what needs no shift. */
  private static TensorView image(NodePlan node, String data, ElementType storage) {
    TensorView first = node.builder().value(data);
    DataType type = node.builder().graph().requireType(data).type();
    return first.storage() == storage || storage.shift(type) == 0
        ? first
        : node.builder().narrow(data, FORMAT);
  }

  /** What follows the sums. */
  private record Epilogue(Scaling scaling, @Nullable TensorView bias) {
    static Epilogue of(NodePlan node, QuantizedProduct product) {
      FoldedWeights folded = FoldedWeights.of(node, null);
      QuantizedProduct.Residual residual = node.quantizedResidual().orElse(null);
      Operands last = node.quantisation().orElse(null);
      double step = last == null ? 1 : last.requireValue(1).doubleAt(0);
      double unit = residual != null ? residual.scale() : node.residual() == null ? step : 1;
      double zero = last == null ? 0 : storedZero(last);
      boolean isDirect = unit == step && !node.isRectified();
      double shift = (isDirect ? zero : 0) - (residual == null ? 0 : residual.zero());
      long outputs = product.weights().outputs();
      TensorView scale =
          node.constant(
              "scale", outputs, ElementType.F32, k -> product.scale(k) * folded.scale(k) / unit);
      boolean isCorrected = product.isCentred() && product.imageZero() != 0;
      TensorView bias =
          product.bias() == null && !folded.hasBias() && !isCorrected && shift == 0
              ? null
              : node.constant(
                  "bias",
                  outputs,
                  ElementType.F32,
                  k -> {
                    double own = product.bias(k) + (isCorrected ? product.correction(k) : 0);
                    return (own * folded.scale(k) + folded.bias(k)) / unit + shift;
                  });
      return new Epilogue(new Scaling(scale, unit / step, isDirect ? 0 : zero), bias);
    }

    private static double storedZero(Operands quantisation) {
      double zero = quantisation.has(2) ? quantisation.requireValue(2).doubleAt(0) : 0;
      return zero - ElementType.I8.shift(quantisation.output(0).type());
    }
  }
}
