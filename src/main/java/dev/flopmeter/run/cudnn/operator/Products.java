package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.shape.ProductOrder;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.Binary;
import dev.flopmeter.run.cudnn.plan.Buffer;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.Loops;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.ProductWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Unary;
import dev.flopmeter.run.cudnn.plan.Work;
import dev.flopmeter.run.fuse.Fused;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
    operators.put(NodePlan.FUSED_GEMM, Products::gemm);
    operators.put("com.microsoft:FusedMatMul", Products::fusedMatMul);
  }

  private static void matMul(NodePlan node) {
    if (node.fused() instanceof Fused.Attention attention) {
      AttentionSteps.fused(node, attention);
      return;
    }
    Shape b = node.shape(1);
    Optional<Tensor> weights = node.operands().value(1);
    boolean isConstant = weights.isPresent() && b.rank() == 2 && node.shape(0).rank() >= 1;
    if (isConstant && b.elements() > 0 && node.shape(0).elements() > 0) {
      long rows = node.shape(0).elements() / b.dim(0);
      Tensor added = node.addedBias();
      byConstant(
          node,
          rows,
          weights.get(),
          false,
          1,
          added == null ? null : out -> write(out, added, b.dim(1), 1));
      return;
    }
    TensorView x = node.plain(0);
    TensorView y = node.in(1);
    TensorView out = node.out(0);
    node.emit(List.of(x, y), List.of(out), work(asRow(x), asColumn(y), asMatrix(out, x, y), 1));
  }

  /** A product of operands with their axes in another order, times a constant. */
  private static void fusedMatMul(NodePlan node) {
    int[] orderA = ProductOrder.of(node.attributes(), 'A', node.shape(0).rank());
    int[] orderB = ProductOrder.of(node.attributes(), 'B', node.shape(1).rank());
    double alpha = node.attributes().number("alpha", 1);
    Optional<Tensor> weights = node.operands().value(1);
    boolean isAsIs = IntStream.range(0, orderA.length).allMatch(i -> orderA[i] == i);
    boolean isConstant = weights.isPresent() && orderB.length == 2 && orderA.length >= 1 && isAsIs;
    if (isConstant && weights.get().elements() > 0 && node.shape(0).elements() > 0) {
      boolean isTransposed = orderB[0] == 1;
      long rows = node.shape(0).elements() / weights.get().shape().dim(isTransposed ? 1 : 0);
      byConstant(node, rows, weights.get(), isTransposed, alpha, null);
      return;
    }
    TensorView a = node.plain(0);
    TensorView b = node.plain(1);
    TensorView out = node.out(0);
    node.emit(
        List.of(a, b),
        List.of(out),
        work(asRow(a.permuted(orderA)), asColumn(b.permuted(orderB)), asMatrix(out, a, b), alpha));
  }

  private static TensorView asRow(TensorView x) {
    return x.rank() == 1 ? x.as(Shape.of(1, x.dim(0)), 0, x.stride(0)) : x;
  }

  private static TensorView asColumn(TensorView y) {
    return y.rank() == 1 ? y.as(Shape.of(y.dim(0), 1), y.stride(0), 0) : y;
  }

  /** The result with an axis of 1 where an operand is a vector. */
  private static TensorView asMatrix(TensorView out, TensorView x, TensorView y) {
    Shape shape = out.shape();
    shape = y.rank() == 1 ? shape.inserted(shape.rank(), 1) : shape;
    return out.reshaped(x.rank() == 1 ? shape.inserted(shape.rank() - 1L, 1) : shape);
  }

  private static void write(
      java.util.function.DoubleConsumer out, Tensor bias, long count, double factor) {
    for (long i = 0; i < count; i++) {
      out.accept(factor * bias.doubleAt(bias.elements() == 1 ? 0 : i));
    }
  }

  /**
   * {@code y[rows][n] = x[rows][k] * weights + bias} as a convolution of rows images of one pixel.
   */
  private static void byConstant(
      NodePlan node,
      long rows,
      Tensor weights,
      boolean isTransposed,
      double alpha,
      Buffer.@Nullable Content biasContent) {
    long k = weights.shape().dim(isTransposed ? 1 : 0);
    long n = weights.shape().dim(isTransposed ? 0 : 1);
    TensorView x = node.plain(0);
    TensorView filter =
        node.constant(
            "weights",
            Shape.of(n, k, 1, 1),
            node.floats(),
            out -> {
              for (long i = 0; i < n; i++) {
                for (long j = 0; j < k; j++) {
                  out.accept(alpha * weights.doubleAt(isTransposed ? i * k + j : j * n + i));
                }
              }
            });
    List<TensorView> reads = new ArrayList<>(List.of(x, filter));
    TensorView bias = null;
    if (biasContent != null || node.isRectified()) {
      // The fused call takes a bias, if only one of zeros.
      Buffer.Content zeros =
          out -> java.util.stream.LongStream.range(0, n).forEach(i -> out.accept(0));
      bias =
          node.constant(
              "bias", Shape.of(n), node.floats(), biasContent == null ? zeros : biasContent);
      reads.add(bias);
    }
    TensorView y = node.out(0);
    // One pixel is the same in both formats; the tensor cores' code is written for NHWC.
    MemoryLayout format =
        node.floats() == ElementType.F32 ? MemoryLayout.PLAIN : MemoryLayout.CHANNELS_LAST;
    List<Work> works = new ArrayList<>();
    works.add(
        new ConvolutionWork(
            pixels(x, rows, k, format),
            filter,
            pixels(y, rows, n, format),
            null,
            bias,
            null,
            node.isRectified(),
            new int[2],
            new int[] {1, 1},
            new int[] {1, 1},
            1,
            format));
    works.addAll(FusedActivation.of(node, y));
    node.emit(reads, List.of(y), works);
  }

  private static TensorView pixels(
      TensorView matrix, long rows, long columns, MemoryLayout format) {
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
          addend.isEmpty() ? null : to -> write(to, addend.get(), out.dim(1), beta));
      return;
    }
    TensorView a = node.plain(0);
    TensorView b = node.plain(1);
    TensorView y = node.out(0);
    List<TensorView> reads = new ArrayList<>(List.of(a, b));
    List<Work> works = new ArrayList<>();
    works.add(work(transA ? a.permuted(1, 0) : a, transB ? b.permuted(1, 0) : b, y, alpha));
    if (node.has(2) && beta != 0) {
      TensorView c = node.in(2);
      reads.add(c);
      TensorView scaled = c;
      if (beta != 1) {
        TensorView packed = node.plain(2);
        reads.add(packed);
        scaled = node.scratch("scaled", c.shape(), c.storage());
        works.add(Unary.work(Unary.Kind.AFFINE, packed, scaled, beta, 0));
        reads.add(scaled);
      }
      works.add(Binary.work(Binary.Kind.ADD, y, scaled, y));
    }
    if (node.isRectified()) {
      works.add(Unary.work(Unary.Kind.RELU, y, y, 0, 0));
    }
    works.addAll(FusedActivation.of(node, y));
    node.emit(reads, List.of(y), works);
  }

  /**
   * {@code y = alpha * a * b} over the last two axes, the others broadcast; y is packed.
   *
   * @param a of rank 2 or more, any strides
   */
  static ProductWork work(TensorView a, TensorView b, TensorView y, double alpha) {
    long m = a.dim(a.rank() - 2);
    long k = a.dim(a.rank() - 1);
    long n = b.dim(b.rank() - 1);
    Shape batch = a.shape().slice(0, a.rank() - 2).broadcast(b.shape().slice(0, b.rank() - 2));
    Shape row = Shape.of(1, 1);
    // The last two axes are put to 1, so that only the batch is looped over.
    TensorView aBatch =
        new TensorView(
            a.block(), 0, a.storage(), a.shape().slice(0, a.rank() - 2).concat(row), a.strides());
    TensorView bBatch =
        new TensorView(
            b.block(), 0, b.storage(), b.shape().slice(0, b.rank() - 2).concat(row), b.strides());
    Shape batchShape = batch.concat(row);
    TensorView order = TensorView.of(y.block(), y.storage(), batchShape, MemoryLayout.PLAIN);
    Loops loops =
        Loops.over(
            batchShape, order, aBatch.broadcastTo(batchShape), bBatch.broadcastTo(batchShape));
    long blocks = batch.elements() * ((m + TILE - 1) / TILE) * ((n + TILE - 1) / TILE);
    KernelWork kernel =
        new KernelWork(
            "matmul",
            Math.max(1, blocks),
            THREADS,
            1,
            1,
            new Arguments()
                .pointers(a, b, y)
                .number(batch.elements())
                .integer(m)
                .integer(n)
                .integer(k)
                .integers(a.storage().code(), b.storage().code(), y.storage().code())
                .real(alpha)
                .integer(0)
                .numbers(
                    a.stride(a.rank() - 2),
                    a.stride(a.rank() - 1),
                    b.stride(b.rank() - 2),
                    b.stride(b.rank() - 1))
                .loops(loops, 1, 2));
    return new ProductWork(a, b, y, loops, alpha, kernel);
  }

  /** Of {@code matmul.c}. */
  private static final int TILE = 64;

  private static final int THREADS = 256;
}
