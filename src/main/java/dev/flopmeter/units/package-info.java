/** Amounts of work and rates of work: two types that cannot be mixed. */
@NullMarked
package dev.flopmeter.units;

import org.jspecify.annotations.NullMarked;
