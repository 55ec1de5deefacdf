/** What PyTorch computes for each operator: the registry of the DJL backend's kernels. */
@NullMarked
package dev.flopmeter.run.djl.kernel;

import org.jspecify.annotations.NullMarked;
