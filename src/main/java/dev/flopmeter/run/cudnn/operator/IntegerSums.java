package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Window;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.Binary;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.ProductWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Work;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Sums of products of 8-bit integers around any zero points, exact. cuDNN multiplies signed
 * integers around 0, so unsigned ones are stored 128 lower, and a kernel behind it corrects the
 * sums: {@code sum (x - a)(w - b) = sum x w - a sum (w - b) - b sum x}. The last sum is one more
 * output channel, whose weights are 1. By computed weights and in groups our own kernels compute
 * them, in floats that hold integers up to 2^24.
 */
final class IntegerSums {
  private IntegerSums() {}

  static void addTo(Map<String, Operators.Operator> operators) {
    operators.put("MatMulInteger", IntegerSums::matMul);
    operators.put("ConvInteger", IntegerSums::convolution);
  }

  /** Whether cuDNN computes a node: by stored weights with stored zero points. */
  static boolean isByWeights(Operands in) {
    boolean isProduct = in.node().qualifiedOp().equals("MatMulInteger");
    boolean isConvolution =
        in.node().qualifiedOp().equals("ConvInteger") && in.attributes().integer("group", 1) == 1;
    return (isProduct || isConvolution)
        && in.value(1)
            .filter(weights -> weights.shape().rank() == (isProduct ? 2 : 4))
            .filter(weights -> weights.elements() > 0)
            .isPresent()
        && in.shape(0).elements() > 0
        && (!in.has(2) || in.shape(2).elements() == 1)
        && (!in.has(3) || in.value(3).isPresent());
  }

  private static void byWeights(NodePlan node, int axis) {
    Operands in = node.operands();
    NarrowWeights weights = NarrowWeights.of(in.requireValue(1), axis, in.value(3).orElse(null));
    long shift = ElementType.I8.shift(in.type(0).type());
    String data = in.node().inputs().get(0);
    Function<TensorView, Work> around =
        node.has(2)
            ? to -> CopyKernels.copy(storedZero(node).as(to.shape(), new long[to.rank()]), to)
            : shift == 0 ? null : to -> CopyKernels.fill(to, (double) -shift);
    corrected(
        node,
        new QuantizedSteps.Factors(data, weights, around),
        node.plainOrNull(2),
        shift,
        null,
        null);
  }

  private static TensorView storedZero(NodePlan node) {
    return node.builder().narrow(node.node().inputs().get(2), MemoryLayout.PLAIN);
  }

  /**
   * The sums in integers, then corrected.
   *
   * @param zero the zero point of the data, one 64-bit integer; null where it is 0
   * @param shift by which the data is stored lower
   * @param scale one float32 per output channel; null where the result is the integers themselves
   * @param bias likewise, added to what is scaled
   */
  static void corrected(
      NodePlan node,
      QuantizedSteps.Factors factors,
      @Nullable TensorView zero,
      long shift,
      @Nullable TensorView scale,
      @Nullable TensorView bias) {
    NarrowWeights weights = factors.weights();
    long outputs = weights.outputs();
    long width = QuantizedSteps.multiple(outputs + (weights.isCentred() ? 0 : 1));
    TensorView y =
        node.out(0, weights.isMatrix() ? MemoryLayout.PLAIN : MemoryLayout.CHANNELS_LAST);
    Shape shape =
        weights.isMatrix()
            ? Shape.of(y.elements() / outputs, width, 1, 1)
            : y.shape().with(1, width);
    TensorView sums = node.scratch("sums", shape, ElementType.I32, MemoryLayout.CHANNELS_LAST);
    node.launch(QuantizedSteps.work(node, factors, width, sums, null, null, null));
    node.launch(
        "recentre",
        y,
        new Arguments()
            .pointers(sums, node.constant("columns", outputs, ElementType.I64, weights::sum))
            .pointerOrNull(zero)
            .pointerOrNull(
                weights.isCentred()
                    ? null
                    : node.constant("zeros", outputs, ElementType.I64, weights::zero))
            .pointerOrNull(scale)
            .pointerOrNull(bias)
            .pointer(y)
            .numbers(y.elements())
            .integer(outputs)
            .integer(width)
            .integer(shift)
            .types(y));
  }

  private static void matMul(NodePlan node) {
    if (isByWeights(node.operands())) {
      byWeights(node, 1);
      return;
    }
    TensorView zero = node.plainOrNull(2);
    boolean isPerRow = node.has(2) && node.shape(2).rank() == 1 && node.shape(0).rank() > 1;
    TensorView rows = zero != null && isPerRow ? zero.reshaped(zero.shape().inserted(1, 1)) : zero;
    TensorView a = Products.asRow(around(node, 0, rows));
    TensorView b = Products.asColumn(around(node, 1, node.plainOrNull(3)));
    TensorView y = node.out(0);
    node.launch(new ProductWork(a, b, Products.asMatrix(y, node.in(0), node.in(1)), 1));
    Pointwise.wrap(node, y);
  }

  private static void convolution(NodePlan node) {
    if (isByWeights(node.operands())) {
      byWeights(node, 0);
      return;
    }
    Shape shape = node.shape(1);
    Window window =
        Window.of(node.attributes(), node.shape(0), shape.slice(2, shape.rank()).dims());
    TensorView zero = node.plainOrNull(3);
    long[] perOutput = new long[shape.rank()];
    Arrays.fill(perOutput, 1);
    perOutput[0] = zero == null ? 1 : zero.elements();
    TensorView image = around(node, 0, node.plainOrNull(2));
    TensorView x =
        Spatial.isPlainPadding(window)
            ? Spatial.lifted(image)
            : Convolutions.padded(
                node,
                image,
                window,
                MemoryLayout.PLAIN,
                image.dim(1),
                image.storage(),
                to -> CopyKernels.fill(to, 0));
    TensorView weights = around(node, 1, zero == null ? null : zero.reshaped(Shape.of(perOutput)));
    node.launch(
        new ConvolutionWork(
            false,
            x,
            Spatial.lifted(weights),
            Spatial.lifted(node.out(0)),
            null,
            null,
            null,
            false,
            Spatial.stencil(window, Math.toIntExact(node.attributes().integer("group", 1))),
            MemoryLayout.PLAIN));
  }

  /** An input less its zero point, in 64-bit integers. */
  private static TensorView around(NodePlan node, int input, @Nullable TensorView zero) {
    TensorView x = node.plain(input);
    if (zero == null) {
      return x;
    }
    TensorView y = node.scratch("around" + input, x.shape(), x.storage());
    node.emitAdded("around", Binary.SUB.work(x, zero, y));
    return y;
  }
}
