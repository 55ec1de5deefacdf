package dev.flopmeter.result;

import org.jspecify.annotations.Nullable;

/**
 * The kernel that a backend chose for a step.
 *
 * @param algorithm the kernel's or algorithm's name
 * @param layout {@code nchw} or {@code nhwc}; null if the step has none
 * @param math the arithmetic really used, such as {@code tensor_op}; null if unknown
 * @param workspaceBytes scratch memory; null if unknown
 * @param paddingMacs what it multiplies beyond the model's MACs because its layout fills channels
 *     up to a block; null if it does not, and where that is unknown
 */
public record KernelInfo(
    String algorithm,
    @Nullable String layout,
    @Nullable String math,
    @Nullable Long workspaceBytes,
    @Nullable Long paddingMacs) {

  /** The algorithm of a step that only views its inputs differently. */
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

  /** The same with another name. */
  public KernelInfo named(String other) {
    return new KernelInfo(other, layout, math, workspaceBytes, paddingMacs);
  }

  /** The same for a step near the resolution of a profiler. */
  public KernelInfo unresolved() {
    return named(algorithm + UNRESOLVED);
  }

  /** Whether the step takes little more than calling it, because it computes almost nothing. */
  public boolean takesOnlyACall() {
    return algorithm.equals(VIEW) || algorithm.endsWith(UNRESOLVED);
  }

  public KernelInfo padded(long macs) {
    return new KernelInfo(algorithm, layout, math, workspaceBytes, macs);
  }
}
