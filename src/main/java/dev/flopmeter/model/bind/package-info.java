/** From a graph as written to one with bound shapes: order, inference, folding, inlining. */
@NullMarked
package dev.flopmeter.model.bind;

import org.jspecify.annotations.NullMarked;
