package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.PackedTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.shape.ProductOrder;
import dev.flopmeter.run.cudnn.plan.Binary;
import dev.flopmeter.run.cudnn.plan.Buffer;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.ProductWork;
import dev.flopmeter.run.cudnn.plan.Stencil;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Unary;
import dev.flopmeter.run.fuse.Fused;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongToDoubleFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products. By a constant matrix: as 1x1 convolution, for which cuDNN has its fastest code.
 * Of two computed matrices: by cuDNN's graph API, or our own kernel where that has no engine.
 */
final class Products {
  private Products() {}

  static void addTo(Map<String, Operators.Operator> operators) {
    operators.put("MatMul", Products::matMul);
    operators.put("Gemm", Products::gemm);
    operators.put("com.microsoft:FusedMatMul", Products::matMul);
  }

  /** ONNX Runtime's has operands with their axes in another order, and is times a constant. */
  private static void matMul(NodePlan node) {
    if (node.fused() instanceof Fused.Attention attention) {
      AttentionSteps.fused(node, attention);
      return;
    }
    int[] orderA = ProductOrder.of(node.attributes(), 'A', node.shape(0).rank());
    int[] orderB = ProductOrder.of(node.attributes(), 'B', node.shape(1).rank());
    double alpha = node.attributes().number("alpha", 1);
    Optional<Tensor> weights = node.operands().value(1);
    boolean isAsIs = IntStream.range(0, orderA.length).allMatch(i -> orderA[i] == i);
    boolean isConstant = weights.isPresent() && orderB.length == 2 && orderA.length >= 1 && isAsIs;
    if (isConstant && weights.get().elements() > 0 && node.shape(0).elements() > 0) {
      boolean isTransposed = orderB[0] == 1;
      long rows = node.shape(0).elements() / weights.get().shape().dim(isTransposed ? 1 : 0);
      Tensor added = node.addedBias();
      LongToDoubleFunction bias = added == null ? null : row(added, 1);
      byConstant(node, rows, weights.get(), isTransposed, alpha, bias);
      return;
    }
    TensorView a = node.plain(0);
    TensorView b =
        weights.orElse(null) instanceof PackedTensor packed && !packed.isTurned()
            ? unpacked(node, packed, packed.stored())
            : node.in(1);
    TensorView out = node.out(0);
    node.launch(
        new ProductWork(
            asRow(a.permuted(orderA)), asColumn(b.permuted(orderB)), asMatrix(out, a, b), alpha));
  }

  static TensorView asRow(TensorView x) {
    return x.rank() == 1 ? x.as(Shape.of(1, x.dim(0)), 0, x.stride(0)) : x;
  }

  static TensorView asColumn(TensorView y) {
    return y.rank() == 1 ? y.as(Shape.of(y.dim(0), 1), y.stride(0), 0) : y;
  }

  /** The result with an axis of 1 where an operand is a vector. */
  static TensorView asMatrix(TensorView out, TensorView x, TensorView y) {
    Shape shape = out.shape();
    shape = y.rank() == 1 ? shape.inserted(shape.rank(), 1) : shape;
    return out.reshaped(x.rank() == 1 ? shape.inserted(shape.rank() - 1L, 1) : shape);
  }

  private static LongToDoubleFunction row(Tensor bias, double factor) {
    return i -> factor * bias.doubleAt(bias.elements() == 1 ? 0 : i);
  }

  /** {@code y[rows][n] = x[rows][k] * weights + bias}, as a convolution of images of one pixel. */
  private static void byConstant(
      NodePlan node,
      long rows,
      Tensor weights,
      boolean isTransposed,
      double alpha,
      @Nullable LongToDoubleFunction bias) {
    long n = weights.shape().dim(isTransposed ? 0 : 1);
    // The fused call takes a bias, if only one of zeros.
    TensorView added =
        bias != null || node.isRectified()
            ? node.constant("bias", n, node.floats(), bias == null ? i -> 0 : bias)
            : null;
    long k = weights.shape().dim(isTransposed ? 1 : 0);
    Buffer.Content content =
        out -> {
          for (long i = 0; i < n; i++) {
            for (long j = 0; j < k; j++) {
              out.accept(alpha * weights.doubleAt(isTransposed ? i * k + j : j * n + i));
            }
          }
        };
    Shape shape = Shape.of(n, k, 1, 1);
    TensorView filter =
        weights instanceof PackedTensor packed && packed.isTurned() != isTransposed && alpha == 1
            ? unpacked(node, packed, shape)
            : node.constant("weights", shape, node.floats(), content);
    TensorView y = node.out(0);
    // One pixel is the same in both formats; the tensor cores' code is written for NHWC.
    MemoryLayout format =
        node.floats() == ElementType.F32 ? MemoryLayout.PLAIN : MemoryLayout.CHANNELS_LAST;
    node.launch(
        new ConvolutionWork(
            false,
            pixels(node.plain(0), rows, k, format),
            filter,
            pixels(y, rows, n, format),
            null,
            added,
            null,
            node.isRectified(),
            Stencil.PIXEL,
            format));
  }

  private static TensorView unpacked(NodePlan node, PackedTensor weights, Shape shape) {
    TensorView to = node.scratch("weights", shape, node.floats());
    Quantization.unpack(node, weights, null, 0, to);
    return to;
  }

  static TensorView pixels(TensorView matrix, long rows, long columns, MemoryLayout format) {
    Shape shape = Shape.of(rows, columns, 1, 1);
    return matrix.as(shape, TensorView.strides(shape, format));
  }

  private static void gemm(NodePlan node) {
    boolean transA = node.attributes().flag("transA", false);
    boolean transB = node.attributes().flag("transB", false);
    double alpha = node.attributes().number("alpha", 1);
    double beta = node.attributes().number("beta", 1);
    Optional<Tensor> weights = node.operands().value(1);
    Optional<Tensor> addend = node.operands().value(2);
    Shape out = node.outputShape(0);
    boolean isBias =
        !node.has(2)
            || (addend.isPresent()
                && (addend.get().elements() == 1
                    || (addend.get().elements() == out.dim(1)
                        && addend.get().shape().dim(-1) == out.dim(1))));
    if (weights.isPresent() && !transA && isBias) {
      byConstant(
          node,
          out.dim(0),
          weights.get(),
          transB,
          alpha,
          addend.map(bias -> row(bias, beta)).orElse(null));
      return;
    }
    TensorView a = node.plain(0);
    TensorView b = node.plain(1);
    TensorView y = node.out(0);
    node.launch(
        new ProductWork(transA ? a.permuted(1, 0) : a, transB ? b.permuted(1, 0) : b, y, alpha));
    if (node.has(2) && beta != 0) {
      TensorView c = node.in(2);
      TensorView scaled = c;
      if (beta != 1) {
        TensorView packed = node.plain(2);
        scaled = node.scratch("scaled", c.shape(), c.storage());
        node.launch(Unary.AFFINE.work(packed, scaled, beta, 0));
      }
      node.launch(Binary.ADD.work(y, scaled, y));
    }
    if (node.isRectified()) {
      node.launch(Unary.RELU.work(y, y));
    }
  }
}
