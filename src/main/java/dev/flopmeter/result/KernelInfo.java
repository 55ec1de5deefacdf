package dev.flopmeter.result;

import org.jspecify.annotations.Nullable;

/**
 * What a backend chose to compute a step with.
 *
 * @param algorithm the kernel's or algorithm's name
 * @param layout {@code nchw} or {@code nhwc}; null where the step has none
 * @param math the arithmetic really used, such as {@code tensor_op}; null where unknown
 * @param workspaceBytes scratch memory; null where unknown
 */
public record KernelInfo(
    String algorithm,
    @Nullable String layout,
    @Nullable String math,
    @Nullable Long workspaceBytes) {}
