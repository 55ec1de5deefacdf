/** Operators that are made up of simpler ones: what each stands for, once, for all who ask. */
@NullMarked
package dev.flopmeter.model.decompose;

import org.jspecify.annotations.NullMarked;
