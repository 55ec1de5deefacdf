/** Which integers a graph's inputs may hold, so that every operator accepts them. */
@NullMarked
package dev.flopmeter.model.range;

import org.jspecify.annotations.NullMarked;
