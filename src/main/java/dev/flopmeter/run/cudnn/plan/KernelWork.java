package dev.flopmeter.run.cudnn.plan;

import java.util.stream.Stream;

/**
 * A launch of one of our own kernels.
 *
 * @param kernel its name in the PTX module
 * @param blocks thread blocks
 * @param threads threads of a block
 */
public record KernelWork(String kernel, long blocks, int threads, Arguments arguments)
    implements Work {
  private static final int BLOCK = 256;
  private static final long MOST_BLOCKS = 65_535;

  /** One thread per element (or a few: kernels walk on in strides of the grid). */
  public static KernelWork perElement(String kernel, long elements, Arguments arguments) {
    return new KernelWork(kernel, blocks((elements + BLOCK - 1) / BLOCK), BLOCK, arguments);
  }

  /** One block per row of {@code length} elements. */
  public static KernelWork perRow(String kernel, long rows, long length, Arguments arguments) {
    long threads = Math.max(32, Math.min(BLOCK, Long.highestOneBit(2 * length - 1)));
    return new KernelWork(kernel, blocks(rows), (int) threads, arguments);
  }

  private static long blocks(long wanted) {
    return Math.max(1, Math.min(MOST_BLOCKS, wanted));
  }

  @Override
  public Stream<TensorView> views() {
    return arguments.views();
  }
}
