/**
 * Other runtimes' traces of their kernels, read and joined to the nodes of the model that they ran.
 */
@NullMarked
package dev.flopmeter.run.trace;

import org.jspecify.annotations.NullMarked;
