/** The accounts of a node: how the time of its GPUs is used, by any process. */
@NullMarked
package dev.flopmeter.serve.node;

import org.jspecify.annotations.NullMarked;
