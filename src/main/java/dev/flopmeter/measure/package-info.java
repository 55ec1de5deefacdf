/** Samples, statistics, and the join of cost and time into a result. */
@NullMarked
package dev.flopmeter.measure;

import org.jspecify.annotations.NullMarked;
