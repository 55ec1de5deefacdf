/** The accounts of a node: where the time of its GPUs goes, whoever uses them. */
@NullMarked
package dev.flopmeter.serve.node;

import org.jspecify.annotations.NullMarked;
