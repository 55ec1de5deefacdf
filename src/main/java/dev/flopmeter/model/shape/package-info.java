/** The registry of shape and type inference rules, one entry per operator. */
@NullMarked
package dev.flopmeter.model.shape;

import org.jspecify.annotations.NullMarked;
