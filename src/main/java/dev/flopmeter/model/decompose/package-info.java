/** Operators that are made up of simpler ones: what each stands for, defined once. */
@NullMarked
package dev.flopmeter.model.decompose;

import org.jspecify.annotations.NullMarked;
