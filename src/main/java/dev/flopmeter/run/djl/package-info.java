/** Runs graphs on the CPU with PyTorch, through DJL. */
@NullMarked
package dev.flopmeter.run.djl;

import org.jspecify.annotations.NullMarked;
