package dev.flopmeter.run.cudnn.plan;

import org.jspecify.annotations.Nullable;

/**
 * A convolution with what is fused to it: {@code y = activation(scale * conv(x, weights) + residual
 * + bias)}.
 *
 * @param weights K x C/groups x window, in the memory order of {@code format}
 * @param scale one float32 per output channel, where x and weights are 8-bit integers; sums are
 *     32-bit integers then, and what is 8 bits wide in y is rounded and saturated
 * @param bias one element per output channel
 * @param residual of y's shape and format; may lie where y lies
 * @param pad symmetric padding per spatial axis
 */
@SuppressWarnings("ArrayRecordComponent") // never changed
public record ConvolutionWork(
    TensorView x,
    TensorView weights,
    TensorView y,
    @Nullable TensorView scale,
    @Nullable TensorView bias,
    @Nullable TensorView residual,
    boolean relu,
    int[] pad,
    int[] stride,
    int[] dilation,
    int groups,
    MemoryLayout format)
    implements Work {
  /** Whether anything is fused to the convolution. */
  public boolean hasEpilogue() {
    return scale != null || bias != null || residual != null || relu;
  }

  @Override
  public <T> T match(Cases<T> cases) {
    return cases.convolution(this);
  }
}
