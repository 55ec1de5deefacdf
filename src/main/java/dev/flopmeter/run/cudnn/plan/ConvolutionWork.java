package dev.flopmeter.run.cudnn.plan;

import dev.flopmeter.model.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A convolution with what is fused to it: {@code y = factor * activation(scale * conv(x, weights) +
 * residual + bias) + shift}.
 *
 * @param isTransposed whether it is the gradient of a convolution by its input; nothing is fused
 *     then, and weights are C x K/groups x window, row major
 * @param weights K x C/groups x window, in the memory order of {@code layout}
 * @param scaling where x and weights have 8 bits; null elsewhere, and where y is the sums of 8-bit
 *     integers
 * @param bias one element per output channel
 * @param residual of y's shape and layout; may lie where y lies
 */
public record ConvolutionWork(
    boolean isTransposed,
    TensorView x,
    TensorView weights,
    TensorView y,
    @Nullable Scaling scaling,
    @Nullable TensorView bias,
    @Nullable TensorView residual,
    boolean relu,
    Stencil stencil,
    MemoryLayout layout)
    implements GraphWork {
  /** What our kernel {@code convolve} has axes for, beside image and channel. */
  private static final int SPATIAL = 3;

  /**
   * Of products of 8-bit values. The sums of integers are 32-bit integers; what is 8 bits wide in y
   * is rounded and saturated.
   *
   * @param scale one float32 per output channel
   * @param factor of the result; 1 if nothing is added that has another step than y
   * @param shift added last
   */
  public record Scaling(TensorView scale, double factor, double shift) {}

  /**
   * How a convolution's window lies and moves: one number per spatial axis each.
   *
   * @param pad symmetric
   */
  @SuppressWarnings("ArrayRecordComponent") // never changed
  public record Stencil(long[] pad, long[] stride, long[] dilation, int groups) {}

  /** A transposed convolution. */
  public ConvolutionWork(TensorView x, TensorView weights, TensorView y, Stencil stencil) {
    this(true, x, weights, y, null, null, null, false, stencil, MemoryLayout.PLAIN);
  }

  /** Whether anything is fused to the convolution. */
  public boolean hasEpilogue() {
    return scaling != null || bias != null || residual != null || relu;
  }

  /** The weights with the strides that they have by their memory order. */
  public TensorView orderedWeights() {
    return weights.as(weights.shape(), TensorView.strides(weights.shape(), layout));
  }

  @Override
  public Stream<TensorView> views() {
    Stream<TensorView> own = apart().stream().flatMap(Work::views);
    return scaling == null ? own : Stream.concat(own, Stream.of(scaling.scale()));
  }

  @Override
  public List<KernelWork> apart() {
    return Stream.concat(Stream.of(own()), epilogue().stream()).toList();
  }

  /** Our kernel {@code convolve}, without what is fused to the convolution. */
  private KernelWork own() {
    TensorView ordered = orderedWeights();
    return KernelWork.perElement(
        "convolve",
        y.elements(),
        new Arguments()
            .pointers(x, ordered, y)
            .numbers(y.elements())
            .numbers(strides(x))
            .numbers(strides(ordered))
            .numbers(strides(y))
            .led(SPATIAL, 1, spatial(x.shape()))
            .led(SPATIAL, 1, spatial(y.shape()))
            .led(SPATIAL, 1, spatial(weights.shape()))
            .led(SPATIAL, 1, stencil.stride())
            .led(SPATIAL, 1, stencil.dilation())
            .led(SPATIAL, 0, stencil.pad())
            .integer(y.dim(1))
            .integer(x.dim(1) / stencil.groups())
            .integer(y.dim(1) / stencil.groups())
            .integers(isTransposed ? 1 : 0, x.storage().code()));
  }

  private static long[] spatial(Shape shape) {
    return shape.slice(2, shape.rank()).dims();
  }

  private static long[] strides(TensorView view) {
    long[] all = new long[SPATIAL + 2];
    all[0] = view.stride(0);
    all[1] = view.stride(1);
    int axes = view.rank() - 2;
    System.arraycopy(view.strides(), 2, all, SPATIAL + 2 - axes, axes);
    return all;
  }

  /** What is fused to a convolution, as our own kernels after it. */
  public List<KernelWork> epilogue() {
    List<KernelWork> works = new ArrayList<>();
    if (bias != null) {
      long[] perChannel = new long[y.rank()];
      perChannel[1] = 1;
      TensorView repeated = bias.as(y.shape(), perChannel);
      works.add(sum(residual == null && relu).work(y, repeated, y));
    }
    if (residual != null) {
      works.add(sum(relu).work(y, residual, y));
    } else if (relu && bias == null) {
      works.add(Unary.work(Unary.RELU.code(), y, y, 0, 0));
    }
    return works;
  }

  private static Binary sum(boolean isRectified) {
    return isRectified ? Binary.ADD_RELU : Binary.ADD;
  }
}
