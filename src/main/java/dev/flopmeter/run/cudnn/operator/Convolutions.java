package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.Window;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Work;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Convolutions with all that is fused to them. */
final class Convolutions {
  /** Tensor cores want channels in eights; the few of an image are padded to that. */
  private static final int CHANNEL_MULTIPLE = 8;

  private Convolutions() {}

  static void addTo(Map<String, Operators.Operator> operators) {
    operators.put("Conv", Convolutions::convolution);
  }

  private static void convolution(NodePlan node) {
    Shape weightShape = node.shape(1);
    Window window =
        Window.of(
            node.attributes(), node.shape(0), weightShape.slice(2, weightShape.rank()).dims());
    int groups = Math.toIntExact(node.attributes().integer("group", 1));
    Optional<Tensor> constant = node.operands().value(1);
    MemoryLayout format =
        weightShape.rank() == 4 && constant.isPresent()
            ? node.builder().formatOf(node.node().name())
            : MemoryLayout.PLAIN;
    int channels = Math.toIntExact(weightShape.dim(1));
    boolean isPadded =
        format == MemoryLayout.CHANNELS_LAST
            && groups == 1
            && channels < CHANNEL_MULTIPLE
            && node.floats() != ElementType.F32;
    int storedChannels = isPadded ? CHANNEL_MULTIPLE : channels;

    TensorView x =
        isAsIs(window, channels, storedChannels)
            ? Spatial.lifted(node.formatted(0, format))
            : padded(
                node,
                node.in(0),
                window,
                format,
                (long) groups * storedChannels,
                node.floats(),
                Spatial.isPlainPadding(window) ? null : to -> CopyKernels.fill(to, 0));
    FoldedWeights folded = FoldedWeights.of(node, constant.orElse(null));
    long perOutput = weightShape.elements(1, weightShape.rank());
    TensorView weights =
        constant.isPresent()
            ? weights(
                node,
                node.floats(),
                weightShape,
                storedChannels,
                format,
                (k, i) -> folded.scale(k) * folded.weight(k * perOutput + i))
            : Spatial.lifted(node.plain(1));
    TensorView bias = bias(node, folded, weightShape.dim(0));
    TensorView residual = residual(node, format);
    TensorView y = node.out(0, format);
    node.launch(
        new ConvolutionWork(
            false,
            x,
            weights,
            Spatial.lifted(y),
            null,
            bias,
            residual == null ? null : Spatial.lifted(residual),
            node.isRectified(),
            Spatial.stencil(window, groups),
            format));
  }

  private static @Nullable TensorView residual(NodePlan node, MemoryLayout format) {
    String value = node.residual();
    if (value == null) {
      return null;
    }
    if (!node.builder().graph().requireType(value).shape().equals(node.outputShape(0))) {
      throw node.unsupported("an addend of another shape than the result");
    }
    return node.builder().formatted(value, format);
  }

  /** Whether cuDNN takes an image without zeros around it or in more channels. */
  static boolean isAsIs(Window window, long channels, long storedChannels) {
    return Spatial.isPlainPadding(window) && channels == storedChannels;
  }

  /**
   * The input as cuDNN takes it: with its padding around it where that is not plain zeros, and with
   * channels of zeros up to {@code channels}.
   *
   * @param filling fills a place with the padding; null where it is not written
   */
  static TensorView padded(
      NodePlan node,
      TensorView from,
      Window window,
      MemoryLayout format,
      long channels,
      ElementType storage,
      @Nullable Function<TensorView, Work> filling) {
    long[] dims = from.shape().dims();
    dims[1] = channels;
    long start = 0;
    boolean isPadded = filling != null;
    for (int i = 0; i < window.axes() && isPadded; i++) {
      if (window.padBegin()[i] < 0 || window.padEnd()[i] < 0) {
        throw node.unsupported("negative padding");
      }
      dims[i + 2] += window.padBegin()[i] + window.padEnd()[i];
    }
    TensorView to = node.scratch("padded", Shape.of(dims), storage, format);
    for (int i = 0; i < window.axes() && isPadded; i++) {
      start += window.padBegin()[i] * to.stride(i + 2);
    }
    TensorView inside = to.as(from.shape().with(1, channels), to.strides()).movedBy(start);
    Work copy = CopyKernels.padded(innermost(from, format), innermost(inside, format));
    if (filling != null) {
      node.emitAdded("pad", filling.apply(to), copy);
    } else {
      node.emitAdded("pad", copy);
    }
    return Spatial.lifted(to);
  }

  /** The same view with its axes in memory order, so that a copy walks along memory. */
  private static TensorView innermost(TensorView view, MemoryLayout format) {
    return format == MemoryLayout.CHANNELS_LAST ? view.permuted(0, 2, 3, 1) : view;
  }

  /** A weight of an output channel, by its index among those of that channel. */
  @FunctionalInterface
  interface Weight {
    double at(long output, long index);
  }

  static TensorView weights(
      NodePlan node,
      ElementType storage,
      Shape shape,
      long channels,
      MemoryLayout format,
      Weight weight) {
    long own = shape.dim(1);
    long volume = shape.elements(2, shape.rank());
    TensorView view =
        node.constant(
            "weights:" + storage + ":" + format.label(),
            shape.with(1, channels),
            storage,
            out -> {
              for (long k = 0; k < shape.dim(0); k++) {
                if (format == MemoryLayout.CHANNELS_LAST) {
                  for (long v = 0; v < volume; v++) {
                    for (long c = 0; c < channels; c++) {
                      out.accept(c < own ? weight.at(k, c * volume + v) : 0);
                    }
                  }
                } else {
                  for (long i = 0; i < own * volume; i++) {
                    out.accept(weight.at(k, i));
                  }
                }
              }
            });
    return Spatial.lifted(TensorView.of(view.block(), storage, view.shape(), format));
  }

  private static @Nullable TensorView bias(NodePlan node, FoldedWeights folded, long outputs) {
    if (node.has(2) && node.operands().value(2).isEmpty()) {
      return node.plain(2);
    }
    boolean isFused = node.isRectified() || node.residual() != null;
    if (!folded.hasBias() && !isFused) {
      return null;
    }
    // The fused call takes a bias, if only one of zeros.
    return node.constant("bias", outputs, node.floats(), folded::bias);
  }
}
