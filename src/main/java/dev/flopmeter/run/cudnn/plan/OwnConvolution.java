package dev.flopmeter.run.cudnn.plan;

import java.util.Arrays;

/** Our kernel {@code convolve}: what no engine of cuDNN takes, or only with rounded operands. */
public final class OwnConvolution {
  /** What the kernel has axes for, beside image and channel. */
  private static final int SPATIAL = 3;

  private OwnConvolution() {}

  /** The convolution alone, without what is fused to it. */
  public static KernelWork work(ConvolutionWork work) {
    TensorView weights = work.weights();
    TensorView ordered =
        weights.as(weights.shape(), TensorView.strides(weights.shape(), work.format()));
    int[][] window = {work.stride(), work.dilation(), work.pad()};
    return work(work.x(), ordered, work.y(), window, work.groups(), false);
  }

  public static KernelWork work(TransposedConvolutionWork work) {
    int[][] window = {work.stride(), work.dilation(), work.pad()};
    return work(work.x(), work.weights(), work.y(), window, work.groups(), true);
  }

  private static KernelWork work(
      TensorView x,
      TensorView weights,
      TensorView y,
      int[][] window,
      int groups,
      boolean isTransposed) {
    return KernelWork.perElement(
        "convolve",
        y.elements(),
        new Arguments()
            .pointers(x, weights, y)
            .number(y.elements())
            .numbers(strides(x))
            .numbers(strides(weights))
            .numbers(strides(y))
            .integers(sizes(x))
            .integers(sizes(y))
            .integers(sizes(weights))
            .integers(spatial(window[0], 1))
            .integers(spatial(window[1], 1))
            .integers(spatial(window[2], 0))
            .integer(y.dim(1))
            .integers((int) (x.dim(1) / groups), (int) (y.dim(1) / groups))
            .integers(isTransposed ? 1 : 0, x.storage().code(), 0));
  }

  private static int[] sizes(TensorView view) {
    long[] dims = Arrays.copyOfRange(view.shape().dims(), 2, view.rank());
    return spatial(Arrays.stream(dims).mapToInt(Math::toIntExact).toArray(), 1);
  }

  private static int[] spatial(int[] perAxis, int lead) {
    int[] all = new int[SPATIAL];
    Arrays.fill(all, lead);
    System.arraycopy(perAxis, 0, all, SPATIAL - perAxis.length, perAxis.length);
    return all;
  }

  private static long[] strides(TensorView view) {
    long[] all = new long[SPATIAL + 2];
    all[0] = view.stride(0);
    all[1] = view.stride(1);
    int axes = view.rank() - 2;
    System.arraycopy(view.strides(), 2, all, SPATIAL + 2 - axes, axes);
    return all;
  }
}
