package dev.flopmeter.result;

import org.jspecify.annotations.Nullable;

/**
 * What a backend chose to compute a step with.
 *
 * @param algorithm the kernel's or algorithm's name
 * @param layout {@code nchw} or {@code nhwc}; null where the step has none
 * @param math the arithmetic really used, such as {@code tensor_op}; null where unknown
 * @param workspaceBytes scratch memory; null where unknown
 * @param paddingMacs what it multiplies beyond the model's MACs because its layout fills channels
 *     up to a block; null where it does not, and where that is unknown
 */
public record KernelInfo(
    String algorithm,
    @Nullable String layout,
    @Nullable String math,
    @Nullable Long workspaceBytes,
    @Nullable Long paddingMacs) {

  /** The algorithm of a step that only looks at its inputs in another way. */
  public static final String VIEW = "view";

  private static final String UNRESOLVED = " (time not resolved)";

  /** Without padding. */
  public KernelInfo(
      String algorithm,
      @Nullable String layout,
      @Nullable String math,
      @Nullable Long workspaceBytes) {
    this(algorithm, layout, math, workspaceBytes, null);
  }

  /** The same by another name. */
  public KernelInfo named(String other) {
    return new KernelInfo(other, layout, math, workspaceBytes, paddingMacs);
  }

  /** The same for a step near the least time that a profiler resolves. */
  public KernelInfo unresolved() {
    return named(algorithm + UNRESOLVED);
  }

  /**
   * Whether the step takes little more than calling it: it computes nothing, or next to nothing.
   */
  public boolean takesOnlyACall() {
    return algorithm.equals(VIEW) || algorithm.endsWith(UNRESOLVED);
  }

  public KernelInfo padded(long macs) {
    return new KernelInfo(algorithm, layout, math, workspaceBytes, macs);
  }
}
