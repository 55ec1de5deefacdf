package dev.flopmeter.run.cudnn.operator;

import static dev.flopmeter.model.equation.Terms.list;
import static dev.flopmeter.model.equation.Terms.real;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.equation.Value;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork.Scaling;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork.Stencil;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.fuse.Fused.Chain;
import dev.flopmeter.run.fuse.Fused.Operand;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.LongStream;

/** Convolutions, and products by constants, as cuDNN takes them: what the equations ask of them. */
final class Convolutions {
  private Convolutions() {}

  /**
   * @param call x, weights, y, of 8-bit values the scales, factor and shift or none, bias and
   *     residual or none, the window's padding, steps and dilation, groups, layout
   */
  static ConvolutionWork work(PlanCall call) {
    List<?> scaling = list(call.terms().get(3));
    return new ConvolutionWork(
        false,
        call.view(0),
        call.view(1),
        call.view(2),
        call.isGiven(3)
            ? new Scaling((TensorView) scaling.get(0), real(scaling.get(1)), real(scaling.get(2)))
            : null,
        call.viewOrNull(4),
        call.viewOrNull(5),
        call.node().isRectified(),
        stencil(call, 6),
        call.layout(10));
  }

  /**
   * @param call x, weights, y, the window's padding, steps and dilation, groups
   */
  static ConvolutionWork transposed(PlanCall call) {
    return new ConvolutionWork(call.view(0), call.view(1), call.view(2), stencil(call, 3));
  }

  private static Stencil stencil(PlanCall call, int from) {
    return new Stencil(
        call.numbers(from), call.numbers(from + 1), call.numbers(from + 2), call.index(from + 3));
  }

  /**
   * The value that is added before the activation; none if none is.
   *
   * @param call the layout in which it is taken
   */
  static Object residual(PlanCall call) {
    NodePlan node = call.node();
    PlanBuilder builder = node.builder();
    Operand addend = node.chain().residual();
    if (addend == null) {
      return Value.NONE;
    }
    Optional<QuantizedValues.Source> quantized = builder.quantized().residual(node.chain());
    if (quantized.isPresent()) {
      return builder.narrow(quantized.get().value(), call.layout(0));
    }
    if (!builder.graph().requireType(addend.value()).shape().equals(node.outputShape(0))) {
      throw node.refusal("an addend of another shape than the result");
    }
    return builder.formatted(addend.value(), call.layout(0));
  }

  /**
   * The bias of a number of channels; none if there is none.
   *
   * @param call that number, and what the node's own bias is multiplied by
   */
  static Object bias(PlanCall call) {
    NodePlan node = call.node();
    Graph graph = node.builder().graph();
    Chain chain = node.chain();
    long outputs = call.number(0);
    double factor = call.real(1);
    // The fused call takes a bias, if only one of zeros.
    if (!FoldedWeights.hasBias(graph, chain) && !node.isRectified() && chain.residual() == null) {
      return Value.NONE;
    }
    return node.constant(
        "bias",
        Shape.of(outputs),
        node.builder().floats(),
        out -> {
          FoldedWeights folded = FoldedWeights.of(graph, chain);
          LongStream.range(0, outputs).mapToDouble(k -> folded.bias(k, factor)).forEach(out);
        });
  }

  /**
   * Constant weights with all that is folded into them.
   *
   * @param call the input, how many channels, those beyond its own of zeros, and the layout
   */
  static TensorView weights(PlanCall call) {
    Graph graph = call.node().builder().graph();
    Chain chain = call.node().chain();
    Tensor weights = call.value(0).orElseThrow();
    Shape shape = weights.shape();
    long perOutput = shape.elements(1, shape.rank());
    Supplier<Weight> folding =
        () -> {
          FoldedWeights folded = FoldedWeights.of(graph, chain);
          return (k, i) -> folded.scale(k) * weights.doubleAt(k * perOutput + i);
        };
    ElementType floats = call.node().builder().floats();
    return weights(call.node(), floats, shape, call.number(1), call.layout(2), folding);
  }

  /**
   * A constant matrix as the weights of one pixel.
   *
   * @param call the input, whether it is transposed, and what it is multiplied by
   */
  static TensorView matrix(PlanCall call) {
    Tensor matrix = call.value(0).orElseThrow();
    boolean isTransposed = call.flag(1);
    double factor = call.real(2);
    long n = matrix.shape().dim(isTransposed ? 0 : 1);
    long k = matrix.shape().dim(isTransposed ? 1 : 0);
    Weight weight = (i, j) -> factor * matrix.doubleAt(isTransposed ? i * k + j : j * n + i);
    ElementType floats = call.node().builder().floats();
    return weights(call.node(), floats, Shape.of(n, k, 1, 1), k, MemoryLayout.PLAIN, () -> weight);
  }

  /**
   * Weights of 8 bits: behind the output channels stored, one whose weights are 1, and zeros.
   *
   * @param call the weights, their shape with all output channels, and how many channels
   */
  static TensorView narrow(PlanCall call) {
    NarrowWeights weights = (NarrowWeights) call.terms().get(0);
    long outputs = weights.outputs();
    ElementType storage = ElementType.narrow(weights.values().type().type()).orElseThrow();
    Weight weight = (k, i) -> k < outputs ? weights.stored(k, i) : k == outputs ? 1 : 0;
    MemoryLayout layout = MemoryLayout.CHANNELS_LAST;
    return weights(call.node(), storage, call.shape(1), call.number(2), layout, () -> weight);
  }

  /** A weight of an output channel, by its index among those of that channel. */
  @FunctionalInterface
  private interface Weight {
    double at(long output, long index);
  }

  /**
   * @param filling makes the weights when they are written, which planning need not wait for
   */
  private static TensorView weights(
      NodePlan node,
      ElementType storage,
      Shape shape,
      long channels,
      MemoryLayout layout,
      Supplier<Weight> filling) {
    long own = shape.dim(1);
    long volume = shape.elements(2, shape.rank());
    TensorView view =
        node.constant(
            "weights:" + storage + ":" + layout.label(),
            shape.with(1, channels),
            storage,
            out -> {
              Weight weight = filling.get();
              for (long k = 0; k < shape.dim(0); k++) {
                if (layout == MemoryLayout.CHANNELS_LAST) {
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
    return TensorView.of(view.block(), storage, view.shape(), layout);
  }
}
