/** Operators that are composed of simpler ones, each defined once. */
@NullMarked
package dev.flopmeter.model.decompose;

import org.jspecify.annotations.NullMarked;
