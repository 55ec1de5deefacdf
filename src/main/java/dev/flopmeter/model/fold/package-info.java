/** Computes on the host what is known before run time. */
@NullMarked
package dev.flopmeter.model.fold;

import org.jspecify.annotations.NullMarked;
