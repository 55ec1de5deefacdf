package dev.flopmeter.run.cudnn.plan;

/**
 * How a convolution's window lies and moves: one number per spatial axis each.
 *
 * @param pad symmetric
 */
@SuppressWarnings("ArrayRecordComponent") // never changed
public record Stencil(int[] pad, int[] stride, int[] dilation, int groups) {
  /** Of one pixel. */
  public static final Stencil PIXEL =
      new Stencil(new int[2], new int[] {1, 1}, new int[] {1, 1}, 1);
}
