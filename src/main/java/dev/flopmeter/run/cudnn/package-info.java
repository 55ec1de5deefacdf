/** Runs graphs on NVIDIA GPUs: cuDNN through JCudnn, the rest with kernels of our own in PTX. */
@NullMarked
package dev.flopmeter.run.cudnn;

import org.jspecify.annotations.NullMarked;
