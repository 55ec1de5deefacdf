package dev.flopmeter.run.cudnn.plan;

/**
 * How a convolution's window lies and moves: one number per spatial axis each.
 *
 * @param pad symmetric
 */
@SuppressWarnings("ArrayRecordComponent") // never changed
public record Stencil(long[] pad, long[] stride, long[] dilation, int groups) {
  /** Of one pixel. */
  public static final Stencil PIXEL =
      new Stencil(new long[2], new long[] {1, 1}, new long[] {1, 1}, 1);
}
